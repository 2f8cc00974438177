// SPDX-License-Identifier: BSL-1.0
#include "services/weather/providers/open_meteo.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include <cohort/json/parser.hpp>
#include "services/weather/providers/provider_url.hpp"
#include "services/weather/providers/weather_condition.hpp"

namespace cohort::weather {
namespace {

using simdjson::dom::element;

std::optional<double> read_number(simdjson::simdjson_result<element> value) {
  /// Greater values are invalid. `long` can represent this number.
  constexpr double max_value = 1e6;
  double number = 0;
  if (value.get(number) != simdjson::SUCCESS || std::abs(number) > max_value) return std::nullopt;
  return number;
}

std::string format_rounded(std::optional<double> number) {
  return number ? std::to_string(std::lround(*number)) : std::string{not_available};
}

std::string condition_text(std::optional<double> code) {
  const auto text = code ? weather_condition(std::lround(*code)) : std::nullopt;
  return std::string{text.value_or(not_available)};
}

/// Formats a number without an exponent, because some query-string parsers reject exponents.
std::string format_decimal(double number) {
  std::array<char, 400> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, std::chars_format::fixed).ptr;
  return {digits.data(), end};
}

}  // namespace

boost::urls::url open_meteo_url(const boost::urls::url& base, const location& location) {
  auto url = append_path(base, {"v1", "forecast"});
  auto query = url.params();
  query.append({"latitude", format_decimal(*location.latitude)});
  query.append({"longitude", format_decimal(*location.longitude)});
  query.append({"current", "temperature_2m,relative_humidity_2m,apparent_temperature,weather_code,wind_speed_10m"});
  return url;
}

report_result parse_open_meteo(std::string_view body, const location& location) {
  const auto report = json::parse(body, [&](element root) -> result<weather_report> {
    element current;
    if (root["current"].get(current) != simdjson::SUCCESS || !current.is_object()) {
      return error_code{boost::system::errc::bad_message, boost::system::generic_category()};
    }
    const auto celsius = read_number(current["temperature_2m"]);
    if (!celsius) return error_code{boost::system::errc::bad_message, boost::system::generic_category()};
    weather_report result;
    result.provider = open_meteo_name;
    result.requested = location;
    result.temperature_c = format_rounded(celsius);
    result.temperature_f = format_rounded(*celsius * 9 / 5 + 32);
    result.condition = condition_text(read_number(current["weather_code"]));
    result.humidity = format_rounded(read_number(current["relative_humidity_2m"]));
    result.wind_speed_kmph = format_rounded(read_number(current["wind_speed_10m"]));
    result.feels_like_c = format_rounded(read_number(current["apparent_temperature"]));
    return result;
  });
  if (!report) return invalid_response();
  return std::make_shared<const weather_report>(*report);
}

}  // namespace cohort::weather
