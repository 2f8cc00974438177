// SPDX-License-Identifier: BSL-1.0
#include "services/weather/report_json.hpp"

#include <cohort/json/writer.hpp>

namespace cohort::weather {
namespace {

constexpr std::string_view service_name = "weather-service";
/// The `Retry-After` if the cache returns no retry time, for example after the caller's own timeout.
constexpr duration default_retry_after = std::chrono::seconds{5};

void write_optional(json::writer& writer, std::string_view name, const std::optional<double>& number) {
  writer.key(name);
  number ? writer.value(*number) : writer.null();
}

void write_location(json::writer& writer, const weather_report& report) {
  const auto& requested = report.requested;
  writer.key("location").open_object().field("city", requested.city);
  if (!requested.region.empty()) writer.field("region", requested.region);
  writer.field("country", requested.country);
  write_optional(writer, "latitude", requested.latitude);
  write_optional(writer, "longitude", requested.longitude);
  if (report.area) {
    writer.key("nearest_area").open_object().field("city", report.area->city);
    if (!requested.region.empty() && !report.area->region.empty()) writer.field("region", report.area->region);
    writer.field("country", report.area->country);
    write_optional(writer, "latitude", report.area->latitude);
    write_optional(writer, "longitude", report.area->longitude);
    writer.close_object();
  }
  writer.close_object();
}

void write_weather(json::writer& writer, const weather_report& report) {
  writer.key("weather")
      .open_object()
      .field("temperature_c", report.temperature_c)
      .field("temperature_f", report.temperature_f)
      .field("condition", report.condition)
      .field("humidity", report.humidity)
      .field("wind_speed_kmph", report.wind_speed_kmph)
      .field("feels_like_c", report.feels_like_c)
      .close_object();
}

std::string report_body(const weather_report& report, const report_cache::lookup_result& result) {
  std::string body;
  body.reserve(512);
  json::writer writer{body};
  writer.open_object().field("service", service_name).field("cached", result.from_cache);
  writer.field("provider", report.provider);
  if (report.sample) writer.field("sample", true);
  if (result.stale) writer.field("stale", true);
  if (result.from_cache) {
    writer.field("cache_age_seconds", std::chrono::floor<std::chrono::seconds>(result.age).count());
  }
  write_location(writer, report);
  write_weather(writer, report);
  if (!result.error.empty()) writer.field("error", "Using stale cache due to error: " + result.error);
  writer.close_object();
  return body;
}

http::response to_error_response(http::status status, std::string_view error, std::string_view message) {
  std::string body;
  json::writer{body}
      .open_object()
      .field("service", service_name)
      .field("error", error)
      .field("message", message)
      .close_object();
  return http::json_response(std::move(body), status);
}

http::response to_unavailable_response(const report_cache::lookup_result& result) {
  auto response = to_error_response(http::status::service_unavailable, result.error, "Could not fetch weather data");
  http::set_retry_after(response, result.retry_after > duration::zero() ? result.retry_after : default_retry_after);
  return response;
}

}  // namespace

http::response report_response(const report_cache::lookup_result& result, const location& location) {
  if (result.report) return http::json_response(report_body(*result.report, result));
  if (!result.is_unknown_location()) return to_unavailable_response(result);
  return to_error_response(http::status::not_found, unknown_location_error,
                           "No weather provider found the location \"" + location.text() + "\"");
}

std::string new_report_json(const weather_report& report) { return report_body(report, {}); }

}  // namespace cohort::weather
