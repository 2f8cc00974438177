// SPDX-License-Identifier: BSL-1.0
#include "services/weather/report_schema.hpp"

#include <optional>
#include <string>

#include <cohort/json/schema.hpp>

// The bodies of `report_response`.
namespace cohort::weather {
namespace {

/// The latitude and longitude are null if they are not known.
struct nearest_area {
  std::string city, region, country;
  std::optional<double> latitude, longitude;
};
BOOST_DESCRIBE_STRUCT(nearest_area, (), (city, region, country, latitude, longitude))
constexpr auto constraints(json::type<nearest_area>) {
  return json::constrain(json::member(&nearest_area::region,
                                      {.required = false, .description = "If the requested location has a region"}));
}

struct report_location {
  std::string city, region, country;
  std::optional<double> latitude, longitude;
  weather::nearest_area nearest_area;
};
BOOST_DESCRIBE_STRUCT(report_location, (), (city, region, country, latitude, longitude, nearest_area))
constexpr auto constraints(json::type<report_location>) {
  return json::constrain(
      json::member(&report_location::region, {.required = false}),
      json::member(&report_location::latitude, {.min = -90, .max = 90, .description = "Degrees north"}),
      json::member(&report_location::longitude, {.min = -180, .max = 180, .description = "Degrees east"}),
      json::member(
          &report_location::nearest_area,
          {.required = false, .description = "The place of the report, if it differs from the requested one"}));
}

/// Texts in the format of wttr.in; `N/A` if the provider did not send a value.
struct current_weather {
  std::string temperature_c, temperature_f, condition, humidity, wind_speed_kmph, feels_like_c;
};
BOOST_DESCRIBE_STRUCT(current_weather, (),
                      (temperature_c, temperature_f, condition, humidity, wind_speed_kmph, feels_like_c))

struct weather_report_body {
  std::string service;
  bool cached;
  std::string provider;
  bool sample, stale;
  std::int64_t cache_age_seconds;
  report_location location;
  current_weather weather;
  std::string error;
};
BOOST_DESCRIBE_STRUCT(weather_report_body, (),
                      (service, cached, provider, sample, stale, cache_age_seconds, location, weather, error))
constexpr auto constraints(json::type<weather_report_body>) {
  using body = weather_report_body;
  return json::constrain(
      json::member(&body::sample, {.required = false, .description = "Built in, not a measurement"}),
      json::member(&body::stale,
                   {.required = false, .description = "The report has expired, and no provider responds"}),
      json::member(&body::cache_age_seconds, {.min = 0, .required = false}),
      json::member(&body::error, {.required = false, .description = "The reason why the report is stale"}));
}

struct weather_error {
  std::string service, error, message;
};
BOOST_DESCRIBE_STRUCT(weather_error, (), (service, error, message))

}  // namespace

void describe_report(http::operation& operation) {
  http::parameter_description location;
  location.name = "location";
  location.in = "query";
  location.description =
      "City,Country or City,Region,Country: UTF-8 without control characters, at most 256 bytes. Default: a setting of "
      "the service";
  // Neither the first nor the last part is empty or blank.
  location.schema = R"({"type":"string","maxLength":256,"examples":["Paris,France"],"pattern":)"
                    R"("^[^,\\x00-\\x1f\\x7f-\\x9f]*[^, \\x00-\\x1f\\x7f-\\x9f][^,\\x00-\\x1f\\x7f-\\x9f]*,)"
                    R"(([^\\x00-\\x1f\\x7f-\\x9f]*,)?)"
                    R"([^,\\x00-\\x1f\\x7f-\\x9f]*[^, \\x00-\\x1f\\x7f-\\x9f][^,\\x00-\\x1f\\x7f-\\x9f]*$"})";
  http::request_description request;
  request.parameters.push_back(std::move(location));
  operation.summary("The weather of a place")
      .operation_id("get_weather")
      .tags({"weather"})
      .reads(std::move(request))
      .returns<weather_report_body>(http::status::ok, "The report from a provider or from the cache")
      .returns<weather_error>(http::status::not_found, "No provider found the location")
      .returns<weather_error>(http::status::service_unavailable, "No provider responds",
                              {{"Retry-After", "Seconds until the next attempt", R"({"type":"integer","minimum":0})"}});
}

}  // namespace cohort::weather
