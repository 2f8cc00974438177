// SPDX-License-Identifier: BSL-1.0
#include "services/weather/providers/wttr.hpp"

#include <charconv>
#include <cmath>
#include <numbers>

#include <cohort/json/parser.hpp>
#include "services/weather/location/case_folding.hpp"
#include "services/weather/location/country.hpp"
#include "services/weather/location/place_name.hpp"
#include "services/weather/location/region_code.hpp"
#include "services/weather/providers/provider_url.hpp"

namespace cohort::weather {
namespace {

using simdjson::dom::element;

/// Nearly all values in j1 are strings; a number is converted to a string.
std::string text_of(simdjson::simdjson_result<element> value) {
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS && !text.empty()) return std::string{text};
  element number;
  if (value.get(number) == simdjson::SUCCESS && number.is_number()) return simdjson::minify(number);
  return std::string{not_available};
}

std::string text_or_empty(simdjson::simdjson_result<element> value) {
  auto text = text_of(value);
  return text == not_available ? std::string{} : text;
}

std::optional<double> number_of(simdjson::simdjson_result<element> value) {
  const auto text = text_of(value);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(number)) return std::nullopt;
  return number;
}

std::optional<report_area> nearest_area(element root) {
  element area;
  if (root.at_pointer("/nearest_area/0").get(area) != simdjson::SUCCESS) return std::nullopt;
  return report_area{
      text_or_empty(area.at_pointer("/areaName/0/value")), text_or_empty(area.at_pointer("/region/0/value")),
      text_or_empty(area.at_pointer("/country/0/value")), number_of(area["latitude"]), number_of(area["longitude"])};
}

double distance_km(double latitude_1, double longitude_1, double latitude_2, double longitude_2) {
  constexpr double earth_radius_km = 6371;
  constexpr double radians_per_degree = std::numbers::pi / 180;
  const double sine_1 = std::sin((latitude_2 - latitude_1) * radians_per_degree / 2);
  const double sine_2 = std::sin((longitude_2 - longitude_1) * radians_per_degree / 2);
  const double haversine = sine_1 * sine_1 + std::cos(latitude_1 * radians_per_degree) *
                                                 std::cos(latitude_2 * radians_per_degree) * sine_2 * sine_2;
  return 2 * earth_radius_km * std::asin(std::min(1.0, std::sqrt(haversine)));
}

/// Compares the positions if both are known, otherwise the names. A region may replace the country, as in
/// "Austin,Texas".
bool is_same_place(const location& location, const report_area& area) {
  constexpr double max_distance_km = 50;
  if (location.latitude && location.longitude && area.latitude && area.longitude) {
    return distance_km(*location.latitude, *location.longitude, *area.latitude, *area.longitude) <= max_distance_km;
  }
  const auto region_or_country = expand_region_code(location.country, area.country);
  const bool replaces_country = !area.region.empty() && fold_name(region_or_country) == fold_name(area.region);
  const bool is_in_country = area.country.empty() || location.is_in_country(area.country);
  if (!replaces_country && !is_in_country) return false;
  const bool has_regions =
      !location.region.empty() && !area.region.empty() && is_same_country(location.country, area.country);
  if (has_regions && !is_same_region(expand_region_code(location.region, area.country), area.region)) return false;
  return area.city.empty() || is_same_city(location.city, area.city);
}

void set_area(weather_report& report, std::optional<report_area> area) {
  if (!area) return;
  if (!is_same_place(report.requested, *area)) {
    report.area = std::move(area);
  } else if (!report.requested.latitude) {
    report.requested.latitude = area->latitude;
    report.requested.longitude = area->longitude;
  }
}

/// A weather report has a temperature. All other values are optional.
bool has_temperature(element current) {
  return number_of(current["temp_C"]).has_value() || number_of(current["temp_F"]).has_value();
}

/// The text of a temperature, or "N/A" if it is not a number.
std::string temperature_text(element current, std::string_view name) {
  return number_of(current[name]) ? text_of(current[name]) : std::string{not_available};
}

weather_report read_report(element root, element current, const location& location) {
  weather_report report;
  report.provider = wttr_name;
  report.requested = location;
  set_area(report, nearest_area(root));
  report.temperature_c = temperature_text(current, "temp_C");
  report.temperature_f = temperature_text(current, "temp_F");
  report.condition = text_of(current.at_pointer("/weatherDesc/0/value"));
  report.humidity = text_of(current["humidity"]);
  report.wind_speed_kmph = text_of(current["windspeedKmph"]);
  report.feels_like_c = text_of(current["FeelsLikeC"]);
  return report;
}

/// Returns the document with the current weather: the root, or the object below `data`, as in the API that wttr.in
/// calls.
element document_of(element root) {
  element document;
  const bool has_data = root["data"].get(document) == simdjson::SUCCESS && document.is_object();
  return has_data && root["current_condition"].error() != simdjson::SUCCESS ? document : root;
}

/// Whether `document` is the error of the API that wttr.in calls for a name that it cannot find:
/// `{"error":[{"msg":"Unable to find any matching weather location to the query submitted!"}]}`.
bool is_unknown_location_document(element document) {
  std::string_view message;
  return document.at_pointer("/error/0/msg").get(message) == simdjson::SUCCESS &&
         fold_name(message).starts_with("unable to find any matching weather location");
}

}  // namespace

boost::urls::url wttr_url(const boost::urls::url& base, const location& location) {
  auto url = append_path(base, {location.text()});
  url.params().set("format", "j1");
  return url;
}

report_result parse_wttr(std::string_view body, const location& location) {
  bool is_unknown = false;
  const auto report = json::parse(body, [&](element root) -> result<weather_report> {
    const auto document = document_of(root);
    is_unknown = is_unknown_location_document(document);
    element current;
    if (document.at_pointer("/current_condition/0").get(current) != simdjson::SUCCESS || !current.is_object() ||
        !has_temperature(current)) {
      return error_code{boost::system::errc::bad_message, boost::system::generic_category()};
    }
    return read_report(document, current, location);
  });
  if (report) return std::make_shared<const weather_report>(*report);
  return is_unknown || is_unknown_location_text(body) ? unknown_location() : invalid_response();
}

bool is_unknown_location_text(std::string_view body) {
  const auto text = fold_name(body.substr(0, 64));
  return text.starts_with(unknown_location_error) || text.starts_with("location not found");
}

bool is_unknown_location_status(http::status status) noexcept {
  switch (status) {
    case http::status::no_content:
    case http::status::bad_request:
    case http::status::not_found:
    case http::status::gone:
    case http::status::unprocessable_entity:
    case http::status::unavailable_for_legal_reasons: return true;
    default: return false;
  }
}

}  // namespace cohort::weather
