#include "services/time/app.hpp"

#include <ctime>

#include "core/json/writer.hpp"

namespace cohort::time_service {
namespace {

/// What of the answer holds for a whole second: `localtime_r` takes a lock that all threads share.
struct local_second {
  std::time_t second = -1;
  std::string timestamp;  // 2026-11-22 13:05:09
  std::string iso8601;    // 2026-11-22T13:05:09+02:00
  std::string timezone;   // IST
};

const local_second& at_second(std::time_t second) {
  thread_local local_second known;
  if (known.second == second) return known;
  std::tm local{};
  localtime_r(&second, &local);
  char text[64];
  known.second = second;
  known.timestamp.assign(text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &local));
  known.iso8601.assign(text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S%z", &local));
  known.iso8601.insert(known.iso8601.size() - 2, ":");  // strftime says +0200
  known.timezone = local.tm_zone ? local.tm_zone : "UTC";
  return known;
}

http::response current_time(http::request_context&) {
  const auto now = loop::current().wall_now();
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(now).time_since_epoch().count();
  const auto& local = at_second(std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count());
  std::string body;
  body.reserve(192);
  json::writer{body}
      .open_object()
      .field("service", "time-service")
      .field("timestamp", local.timestamp)
      .field("iso8601", local.iso8601)
      .field("unix_ms", milliseconds)
      .field("timezone", local.timezone)
      .close_object();
  return http::json_response(std::move(body));
}

}  // namespace

http::router app() {
  http::router routes;
  routes.get("/api/time", current_time);
  return routes;
}

service::definition definition() {
  service::definition made;
  made.name = "time-service";
  made.metric_prefix = "time_service";
  made.about = "Tells the time: GET /api/time";
  made.port = 5001;
  made.deadlines = http::admission_settings::hopeless::refuse;
  made.app = [](service::kit&, service::key_guard&) { return app(); };
  return made;
}

}  // namespace cohort::time_service
