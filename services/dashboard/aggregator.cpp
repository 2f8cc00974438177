#include "services/dashboard/aggregator.hpp"

#include "core/json/writer.hpp"
#include "core/runtime/when_all.hpp"

namespace cohort::dashboard {
namespace {

using namespace std::chrono_literals;

constexpr duration time_proxy_limit = 2s;

upstream::names named(const char* label, boost::urls::url base, std::string_view path) {
  // A service may live below a path of its own.
  std::string below{base.encoded_path()};
  while (below.ends_with('/')) below.pop_back();
  base.set_encoded_path(below + std::string{path});
  return {label, std::move(base)};
}

void write_body(json::writer& out, std::string_view name, const part& of) {
  out.key(name).raw(of.body.empty() ? std::string_view{R"({"error":"Service temporarily unavailable"})"} : of.body);
}

void write_meta(json::writer& out, std::string_view name, const part& of) {
  using milliseconds = std::chrono::duration<double, std::milli>;
  out.key(name).open_object().field("state", name_of(of.state));
  out.key("elapsed_ms").fixed(milliseconds(of.elapsed).count(), 1);
  out.field("deadline_ms", std::chrono::round<std::chrono::milliseconds>(of.limit).count()).close_object();
}

}  // namespace

aggregator::aggregator(const service::kit& with, const addresses& where)
    : time_(with, named("time", where.time, "/api/time"), where.time_policy),
      sysinfo_(with, named("sysinfo", where.sysinfo, "/api/sysinfo"), where.sysinfo_policy),
      weather_(with, named("weather", where.weather, "/api/weather"), where.weather_policy) {}

task<std::string> aggregator::aggregate(http::caller who) {
  auto all = co_await when_all(time_.ask(who), sysinfo_.ask(who), weather_.ask(who));
  const auto& [time, sysinfo, weather] = all;
  std::string body;
  body.reserve(2048);
  json::writer out{body};
  out.open_object().field("dashboard", "aggregator-service");
  write_body(out, "time_service", time);
  write_body(out, "sysinfo_service", sysinfo);
  write_body(out, "weather_service", weather);
  out.key("meta").open_object();
  write_meta(out, "time_service", time);
  write_meta(out, "sysinfo_service", sysinfo);
  write_meta(out, "weather_service", weather);
  out.close_object().close_object();
  co_return body;
}

task<part> aggregator::time(http::caller who) { co_return co_await time_.ask(who, time_proxy_limit); }

std::string time_error_body(const part& failed) {
  std::string body;
  json::writer{body}
      .open_object()
      .field("service", "time-service")
      .field("timestamp",
             std::string{"Error: "} + (failed.state == part_state::timeout ? "the time service did not answer in time"
                                                                           : "the time service is unavailable"))
      .close_object();
  return body;
}

}  // namespace cohort::dashboard
