// SPDX-License-Identifier: BSL-1.0
#include "services/dashboard/aggregator.hpp"

#include <cohort/http/message/body_buffer.hpp>
#include <cohort/json/writer.hpp>
#include <cohort/runtime/concurrency/when_all.hpp>
#include "services/dashboard/route_url.hpp"

namespace cohort::dashboard {
namespace {

using namespace std::chrono_literals;

constexpr duration time_proxy_timeout = 2s;
constexpr std::size_t typical_body_size = 2048;

service_client::endpoint endpoint_at(const std::string& prefix, const char* label, const boost::urls::url& base,
                                     std::string_view route, std::size_t index) {
  return {label, route_url(base, route), prefix + label, index};
}

void write_body(json::writer& writer, const part& part) {
  constexpr std::string_view unavailable = R"({"error":"Service temporarily unavailable"})";
  writer.raw(part.body.empty() ? unavailable : std::string_view{part.body});
}

void write_meta(json::writer& writer, const part& part) {
  writer.open_object().raw_key(R"("state":)").value(to_string(part.state));
  writer.raw_key(R"("elapsed_ms":)").fixed(to_milliseconds(part.elapsed), 3);
  const auto timeout = std::chrono::round<std::chrono::milliseconds>(part.timeout);
  writer.raw_key(R"("deadline_ms":)").value(timeout.count()).close_object();
}

/// Calls `observer` when a part arrives. `observer` outlives the call.
task<part> observe(task<part> fetch_task, std::size_t index, const aggregator::part_observer& observer) {
  auto arrived = co_await std::move(fetch_task);
  observer(index, part_names.at(index), arrived);
  co_return arrived;
}

task<part> fetch_and_notify(service_client& client, call_context context, std::size_t index,
                            const aggregator::part_observer& observer, std::optional<duration> timeout) {
  auto fetch_task = client.fetch(context, timeout);
  return observer ? observe(std::move(fetch_task), index, observer) : std::move(fetch_task);
}

}  // namespace

aggregator::aggregator(const service::service_context& context, const aggregator_settings& settings,
                       const std::string& prefix, const std::shared_ptr<call_history>& history)
    : time_(context, endpoint_at(prefix, "time", settings.time, "/api/time", 0), settings.time_policy, history),
      sysinfo_(context, endpoint_at(prefix, "sysinfo", settings.sysinfo, "/api/sysinfo", 1), settings.sysinfo_policy,
               history),
      weather_(context, endpoint_at(prefix, "weather", settings.weather, "/api/weather", 2), settings.weather_policy,
               history),
      timeouts_{settings.time_policy.timeout, settings.sysinfo_policy.timeout, settings.weather_policy.timeout} {}

task<aggregate> aggregator::aggregate(call_context context, part_observer observer, std::optional<duration> timeout) {
  auto calls = when_all(fetch_and_notify(time_, context, 0, observer, timeout),
                        fetch_and_notify(sysinfo_, context, 1, observer, timeout),
                        fetch_and_notify(weather_, context, 2, observer, timeout));
  const auto parts = co_await std::move(calls);
  const auto& [time, sysinfo, weather] = parts;
  auto body = http::take_body_buffer();
  body.reserve(typical_body_size);
  json::writer writer{body};
  writer.open_object().raw_key(R"("dashboard":)").raw(R"("aggregator-service")");
  write_body(writer.raw_key(R"("time_service":)"), time);
  write_body(writer.raw_key(R"("sysinfo_service":)"), sysinfo);
  write_body(writer.raw_key(R"("weather_service":)"), weather);
  writer.raw_key(R"("meta":)").open_object();
  write_meta(writer.raw_key(R"("time_service":)"), time);
  write_meta(writer.raw_key(R"("sysinfo_service":)"), sysinfo);
  write_meta(writer.raw_key(R"("weather_service":)"), weather);
  writer.close_object().close_object();
  const auto summary = [](const char* name, const service_client& client, const part& part) {
    return call_summary{name, client.label(), part.state, part.reason};
  };
  co_return dashboard::aggregate{std::move(body),
                                 {summary("time_service", time_, time), summary("sysinfo_service", sysinfo_, sysinfo),
                                  summary("weather_service", weather_, weather)}};
}

task<part> aggregator::fetch_time(call_context context) { co_return co_await time_.fetch(context, time_proxy_timeout); }

std::string aggregator::poll_json(std::uint64_t number) const {
  std::string body;
  json::writer writer{body};
  writer.open_object().field("poll", number).key("budgets_ms").open_object();
  for (std::size_t i = 0; i < timeouts_.size(); ++i) {
    writer.field(part_names.at(i), std::chrono::round<std::chrono::milliseconds>(timeouts_.at(i)).count());
  }
  writer.close_object().close_object();
  return body;
}

std::string part_json(std::uint64_t number, std::string_view service, const part& part) {
  std::string body;
  json::writer writer{body};
  writer.open_object().field("poll", number);
  write_body(writer.key(service), part);
  writer.key("meta").open_object();
  write_meta(writer.key(service), part);
  writer.close_object();
  if (part.state == part_state::open) writer.key("probe_in_ms").fixed(to_milliseconds(part.time_until_probe), 0);
  writer.close_object();
  return body;
}

std::string time_error_body(const part& failed) {
  const auto* const reason = failed.state == part_state::timeout ? "Error: the time service timed out"
                                                                 : "Error: the time service is unavailable";
  std::string body;
  json::writer{body}.open_object().field("service", "time-service").field("timestamp", reason).close_object();
  return body;
}

}  // namespace cohort::dashboard
