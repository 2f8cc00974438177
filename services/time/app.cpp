// SPDX-License-Identifier: BSL-1.0
#include "services/time/app.hpp"

#include <cohort/json/writer.hpp>
#include <cohort/runtime/time/date_format.hpp>

namespace cohort::time_service {
namespace {

/// Formatted once a second on each thread: the conversion to local time takes a lock that all threads share.
const local_date_text& local_date_at(wall_time now) {
  thread_local std::chrono::sys_seconds cached_second{std::chrono::seconds{-1}};
  thread_local local_date_text cached;
  const auto second = std::chrono::floor<std::chrono::seconds>(now);
  if (cached_second != second) {
    cached = format_local_date(now);
    cached_second = second;
  }
  return cached;
}

http::response current_time(http::request_context&) {
  const auto now = loop::current().wall_now();
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(now).time_since_epoch().count();
  const auto& local = local_date_at(now);
  std::string body;
  body.reserve(192);
  json::writer{body}
      .open_object()
      .field("service", "time-service")
      .field("timestamp", local.timestamp)
      .field("iso8601", local.rfc3339)
      .field("unix_ms", milliseconds)
      .field("timezone", local.time_zone)
      .close_object();
  return http::json_response(std::move(body));
}

}  // namespace

http::router app() {
  http::router router;
  router.get("/api/time", current_time);
  return router;
}

service::definition definition() {
  service::definition definition;
  definition.name = "time-service";
  definition.metric_prefix = "time_service";
  definition.description = "Serves the local time: GET /api/time";
  definition.port = 5001;
  definition.deadline_admission = http::admission_settings::infeasible_action::reject;
  definition.app = [](service::service_context&, service::api_key_authenticator&) { return app(); };
  return definition;
}

}  // namespace cohort::time_service
