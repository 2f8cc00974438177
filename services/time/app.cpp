// SPDX-License-Identifier: BSL-1.0
#include "services/time/app.hpp"

#include <cohort/http/message/body_buffer.hpp>
#include <cohort/json/encode.hpp>
#include <cohort/runtime/thread_object.hpp>
#include <cohort/runtime/time/date_format.hpp>
#include <cohort/runtime/version.hpp>

namespace cohort::time_service {
namespace {

/// The date is formatted once per second on each thread, because the conversion to local time takes a global lock.
struct cached_date {
  std::chrono::sys_seconds second{std::chrono::seconds{-1}};
  local_date_text text;
};

const local_date_text& local_date_at(wall_time now) {
  auto& cached = thread_object<cached_date>();
  const auto second = std::chrono::floor<std::chrono::seconds>(now);
  if (cached.second != second) {
    cached.text = format_local_date(now);
    cached.second = second;
  }
  return cached.text;
}

struct time_report {
  std::string_view service;
  std::string_view timestamp;
  std::string_view iso8601;
  std::int64_t unix_ms;
  std::string_view timezone;
};
BOOST_DESCRIBE_STRUCT(time_report, (), (service, timestamp, iso8601, unix_ms, timezone))
constexpr auto constraints(json::type<time_report>) {
  return json::constrain(
      json::member(&time_report::timestamp, {.description = "Local time, such as 2026-11-22 13:05:09"}),
      json::member(&time_report::iso8601, {.description = "Local time with its offset, as in RFC 3339"}),
      json::member(&time_report::unix_ms, {.description = "Milliseconds since 1970-01-01 00:00:00 UTC"}),
      json::member(&time_report::timezone, {.description = "The abbreviation of the time zone"}));
}

http::response current_time(http::request_context&) {
  const auto now = loop::current().wall_now();
  const std::int64_t milliseconds = std::chrono::floor<std::chrono::milliseconds>(now).time_since_epoch().count();
  const auto& local = local_date_at(now);
  auto body = http::take_body_buffer();
  body.reserve(192);
  json::writer out{body};
  json::write_value(out, time_report{.service = "time-service",
                                     .timestamp = local.timestamp,
                                     .iso8601 = local.rfc3339,
                                     .unix_ms = milliseconds,
                                     .timezone = local.time_zone});
  return http::json_response(std::move(body));
}

}  // namespace

http::router app() {
  http::router router;
  router.get("/api/time", current_time)
      .summary("The local time")
      .operation_id("get_time")
      .tags({"time"})
      .returns<time_report>(http::status::ok, "The current time");
  return router;
}

service::definition definition() {
  service::definition definition;
  definition.name = "time-service";
  definition.metric_prefix = "time_service";
  definition.description = "Serves the local time: GET /api/time";
  definition.version = version();
  definition.port = 5001;
  definition.deadline_admission = http::admission_settings::infeasible_action::reject;
  definition.app = [](service::service_context&, service::api_key_authenticator&) { return app(); };
  return definition;
}

}  // namespace cohort::time_service
