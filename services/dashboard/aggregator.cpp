// SPDX-License-Identifier: BSL-1.0
#include "services/dashboard/aggregator.hpp"

#include <cohort/json/writer.hpp>
#include <cohort/runtime/concurrency/when_all.hpp>

namespace cohort::dashboard {
namespace {

using namespace std::chrono_literals;

constexpr duration time_proxy_timeout = 2s;

/// The route below the service's base URL, which may have a path.
service_client::endpoint endpoint_at(const char* label, boost::urls::url base, std::string_view route) {
  std::string path{base.encoded_path()};
  while (path.ends_with('/')) path.pop_back();
  base.set_encoded_path(path + std::string{route});
  return {label, std::move(base)};
}

void write_body(json::writer& writer, std::string_view name, const part& part) {
  constexpr std::string_view unavailable = R"({"error":"Service temporarily unavailable"})";
  writer.key(name).raw(part.body.empty() ? unavailable : std::string_view{part.body});
}

void write_meta(json::writer& writer, std::string_view name, const part& part) {
  using milliseconds = std::chrono::duration<double, std::milli>;
  writer.key(name).open_object().field("state", name_of(part.state));
  writer.key("elapsed_ms").fixed(milliseconds(part.elapsed).count(), 1);
  writer.field("deadline_ms", std::chrono::round<std::chrono::milliseconds>(part.timeout).count()).close_object();
}

}  // namespace

aggregator::aggregator(const service::service_context& context, const aggregator_settings& settings)
    : time_(context, endpoint_at("time", settings.time, "/api/time"), settings.time_policy),
      sysinfo_(context, endpoint_at("sysinfo", settings.sysinfo, "/api/sysinfo"), settings.sysinfo_policy),
      weather_(context, endpoint_at("weather", settings.weather, "/api/weather"), settings.weather_policy) {}

task<aggregate> aggregator::aggregate(call_context context) {
  const auto parts = co_await when_all(time_.fetch(context), sysinfo_.fetch(context), weather_.fetch(context));
  const auto& [time, sysinfo, weather] = parts;
  std::string body;
  body.reserve(2048);
  json::writer writer{body};
  writer.open_object().field("dashboard", "aggregator-service");
  write_body(writer, "time_service", time);
  write_body(writer, "sysinfo_service", sysinfo);
  write_body(writer, "weather_service", weather);
  writer.key("meta").open_object();
  write_meta(writer, "time_service", time);
  write_meta(writer, "sysinfo_service", sysinfo);
  write_meta(writer, "weather_service", weather);
  writer.close_object().close_object();
  const auto summary = [](const char* name, const service_client& client, const part& part) {
    return call_summary{name, client.label(), part.state, part.reason};
  };
  co_return dashboard::aggregate{std::move(body),
                                 {summary("time_service", time_, time), summary("sysinfo_service", sysinfo_, sysinfo),
                                  summary("weather_service", weather_, weather)}};
}

task<part> aggregator::fetch_time(call_context context) { co_return co_await time_.fetch(context, time_proxy_timeout); }

std::string time_error_body(const part& failed) {
  const auto* const reason = failed.state == part_state::timeout ? "Error: the time service did not respond in time"
                                                                 : "Error: the time service is unavailable";
  std::string body;
  json::writer{body}.open_object().field("service", "time-service").field("timestamp", reason).close_object();
  return body;
}

}  // namespace cohort::dashboard
