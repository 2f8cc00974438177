// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/debug/debug_routes.hpp>

#include <algorithm>
#include <boost/describe/class.hpp>
#include <memory>

#include <cohort/http/message/json_response.hpp>
#include <cohort/http/message/uncached.hpp>
#include <cohort/http/middleware/compression.hpp>
#include <cohort/http/server/input/input_error.hpp>
#include <cohort/json/decode.hpp>
#include <cohort/service/debug/debug_access.hpp>
#include <cohort/service/debug/debug_page.hpp>

namespace cohort::service {
namespace {

/// Maximum time to wait for the snapshot of a loop; after that, the loop is shown as not responding.
constexpr duration max_query_time = std::chrono::seconds{1};

/// The state that the routes share. Probes have no middleware, so these routes compress their responses themselves. The
/// responses contain no secret that their length could disclose (BREACH).
struct shared_state {
  debug_dependencies dependencies;
  http::compressor compressor{};
};

using state_pointer = std::shared_ptr<const shared_state>;
using format_function = http::response (*)(const debug_dependencies&, const loop_snapshots&,
                                           const http::request_context&);

/// A response from the snapshots of all loops.
task<http::response> respond(state_pointer state, http::request_context& context, format_function format) {
  const auto& dependencies = state->dependencies;
  if (auto rejection = reject_debug_request(context, dependencies.authenticator, dependencies.is_loopback)) {
    co_return std::move(*rejection);
  }
  auto snapshot_task = take_snapshots(dependencies.loops, dependencies.server(), dependencies.clients, max_query_time);
  const auto loops = co_await std::move(snapshot_task);
  auto response = http::uncached(format(dependencies, loops, context));
  state->compressor.apply(context.head(), response);
  co_return response;
}

http::response page(const debug_dependencies& dependencies, const loop_snapshots& loops,
                    const http::request_context& context) {
  const auto host = context.head().find("host");
  auto& blocking = dependencies.lifecycle.blocking();
  http::response response;
  response.set("Content-Security-Policy", debug_page_policy());
  response.body(debug_page({.service = dependencies.service,
                            .origin = (context.is_secure() ? "https://" : "http://") + std::string{host.value_or("")},
                            .requires_key = dependencies.authenticator.is_enabled(),
                            .snapshot_time = loop::current().wall_now(),
                            .loops = loops,
                            .jobs = dependencies.lifecycle.jobs().names(),
                            .blocking_jobs_queued = blocking.queued_count(),
                            .blocking_jobs_running = blocking.running_count(),
                            .blocking_threads = blocking.threads(),
                            .settings = dependencies.settings,
                            .level = dependencies.log.min_level()}),
                "text/html; charset=utf-8");
  return response;
}

http::response requests_response(const debug_dependencies&, const loop_snapshots& loops, const http::request_context&) {
  return http::json_response(debug_requests_json(loops));
}

http::response tasks_response(const debug_dependencies& dependencies, const loop_snapshots& loops,
                              const http::request_context&) {
  return http::json_response(debug_tasks_json(loops, dependencies.lifecycle));
}

http::response upstreams_response(const debug_dependencies&, const loop_snapshots& loops,
                                  const http::request_context&) {
  return http::json_response(debug_upstreams_json(loops));
}

http::response loops_response(const debug_dependencies&, const loop_snapshots& loops, const http::request_context&) {
  return http::json_response(debug_loops_json(loops));
}

enum class level_name { trace, debug, info, warn, error, off };
BOOST_DESCRIBE_ENUM(level_name, trace, debug, info, warn, error, off)

struct log_level_setting {
  level_name level;
};
BOOST_DESCRIBE_STRUCT(log_level_setting, (), (level))

http::response level_response(const debug_dependencies& dependencies) {
  std::string body;
  json::writer{body}.open_object().field("level", telemetry::to_string(dependencies.log.min_level())).close_object();
  return http::uncached(http::json_response(std::move(body)));
}

http::response set_log_level(const debug_dependencies& dependencies, const http::request_context& context) {
  const auto setting = json::decode<log_level_setting>(context.body());
  if (!setting) return http::input_error_response(setting.error());
  const auto before = dependencies.log.min_level();
  const auto after = static_cast<telemetry::log_level>(setting->level);
  const auto write = [&] {
    dependencies.log.write(telemetry::log_level::info, "log level changed",
                           {{"from", telemetry::to_string(before)}, {"to", telemetry::to_string(after)}});
  };
  // The line is written before the change if the old level permits it, otherwise after the change.
  const bool is_written = dependencies.log.is_enabled(telemetry::log_level::info);
  if (is_written) write();
  dependencies.log.set_min_level(after);
  if (!is_written) write();
  return level_response(dependencies);
}

void describe(http::operation& new_operation, const char* summary, const char* media_type = "application/json") {
  const std::string schema = std::string_view{media_type} == "application/json" ? R"({"type":"object"})" : "";
  new_operation.probe()
      .summary(summary)
      .description(
          "Without an API key, only clients on the same host are accepted, and only if the service listens on a loopback "
          "address.")
      .tags({"debug"})
      .hidden()
      .returns(http::status::ok, "The state", {.media_type = media_type, .schema = schema})
      .returns_error(http::status::unauthorized, "The API key is missing or invalid")
      .returns_error(http::status::forbidden, "The request was sent by a web page")
      .returns_error(http::status::not_found, "The service has no API key, and the client is not on the same host");
}

}  // namespace

void add_debug_routes(http::router& routes, debug_dependencies dependencies) {
  const auto is_debug_route = [](const auto& route) {
    return route->pattern == "/debug" || route->pattern.starts_with("/debug/");
  };
  if (std::ranges::any_of(routes.routes(), is_debug_route)) return;
  const auto shared = std::make_shared<const shared_state>(shared_state{std::move(dependencies)});
  const auto add = [&](const char* path, format_function format, const char* summary,
                       const char* media_type = "application/json") {
    describe(
        routes.get(path, [shared, format](http::request_context& context) { return respond(shared, context, format); }),
        summary, media_type);
  };
  add("/debug", page, "The state of the service as a page", "text/html");
  add("/debug/requests", requests_response, "The requests in flight, and finished requests, with their upstream calls");
  add("/debug/tasks", tasks_response, "The tasks, timers and jobs");
  add("/debug/upstreams", upstreams_response,
      "The circuit breakers, budgets, addresses and connections of the upstreams");
  add("/debug/loops", loops_response, "The lag and the connections of the event loops");
  const auto add_access_check = [shared](auto respond_with) {
    return [shared, respond_with](http::request_context& context) -> http::response {
      const auto& from = shared->dependencies;
      if (auto rejection = reject_debug_request(context, from.authenticator, from.is_loopback)) {
        return std::move(*rejection);
      }
      auto response = respond_with(from, context);
      shared->compressor.apply(context.head(), response);
      return response;
    };
  };
  describe(
      routes.get("/debug/config", add_access_check([](const debug_dependencies& from, const http::request_context&) {
                   return http::uncached(http::json_response(debug_config_json(from.settings, from.log.min_level())));
                 })),
      "The effective settings and their sources");
  describe(
      routes.get("/debug/log-level", add_access_check([](const debug_dependencies& from, const http::request_context&) {
                   return level_response(from);
                 })),
      "The minimum level of log lines");
  auto& put_operation = routes.put("/debug/log-level", add_access_check(&set_log_level));
  put_operation.reads(
      {.body_schema = std::string{
           R"({"type":"object","properties":{"level":{"type":"string","enum":["trace","debug","info","warn","error","off"]}},)"
           R"("required":["level"],"additionalProperties":false})"}});
  describe(put_operation, "Changes the minimum level of log lines, until the program ends");
  put_operation.returns_error(http::status::bad_request, "The body is invalid");
}

}  // namespace cohort::service
