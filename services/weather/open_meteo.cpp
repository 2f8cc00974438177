#include "services/weather/open_meteo.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "core/json/reader.hpp"
#include "core/runtime/task.hpp"

namespace cohort::weather {
namespace {

using simdjson::dom::element;

/// Past this it is no weather, and might be more than a `long` holds.
constexpr double largest_value = 1e6;

struct condition {
  long code;
  std::string_view words;
};

constexpr std::array<condition, 28> conditions{{
    {0, "Clear sky"},
    {1, "Mainly clear"},
    {2, "Partly cloudy"},
    {3, "Overcast"},
    {45, "Fog"},
    {48, "Depositing rime fog"},
    {51, "Light drizzle"},
    {53, "Moderate drizzle"},
    {55, "Dense drizzle"},
    {56, "Light freezing drizzle"},
    {57, "Dense freezing drizzle"},
    {61, "Slight rain"},
    {63, "Moderate rain"},
    {65, "Heavy rain"},
    {66, "Light freezing rain"},
    {67, "Heavy freezing rain"},
    {71, "Slight snow fall"},
    {73, "Moderate snow fall"},
    {75, "Heavy snow fall"},
    {77, "Snow grains"},
    {80, "Slight rain showers"},
    {81, "Moderate rain showers"},
    {82, "Violent rain showers"},
    {85, "Slight snow showers"},
    {86, "Heavy snow showers"},
    {95, "Thunderstorm"},
    {96, "Thunderstorm with slight hail"},
    {99, "Thunderstorm with heavy hail"},
}};

std::optional<double> number_of(simdjson::simdjson_result<element> found) {
  double number = 0;
  if (found.get(number) != simdjson::SUCCESS || std::abs(number) > largest_value) return std::nullopt;
  return number;
}

std::string whole(std::optional<double> number) {
  return number ? std::to_string(std::lround(*number)) : std::string{not_available};
}

std::string condition_of(std::optional<double> code) {
  const auto words = code ? weather_condition(std::lround(*code)) : std::nullopt;
  return std::string{words.value_or(not_available)};
}

/// Never with an exponent, which not every reader of query strings knows.
std::string decimal(double number) {
  std::array<char, 400> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, std::chars_format::fixed).ptr;
  return {digits.data(), end};
}

boost::urls::url with_path(const boost::urls::url& base, std::string_view last_segment) {
  auto made = base;
  made.segments().push_back("v1");
  made.segments().push_back(last_segment);
  return made;
}

bool is_in(const element& result, std::string_view country) {
  for (const auto* field : {"country", "country_code"}) {
    std::string_view text;
    if (result[field].get(text) == simdjson::SUCCESS && same_name(text, country)) return true;
  }
  return false;
}

error_code not_understood() { return {boost::system::errc::bad_message, boost::system::generic_category()}; }

}  // namespace

boost::urls::url open_meteo_url(const boost::urls::url& base, const place& where) {
  auto made = with_path(base, "forecast");
  auto query = made.params();
  query.append({"latitude", decimal(*where.latitude)});
  query.append({"longitude", decimal(*where.longitude)});
  query.append({"current", "temperature_2m,relative_humidity_2m,apparent_temperature,weather_code,wind_speed_10m"});
  return made;
}

std::optional<report> parse_open_meteo(std::string_view body, const place& asked) {
  const auto parsed = json::read(body, [&](element root) -> result<report> {
    element current;
    if (root["current"].get(current) != simdjson::SUCCESS || !current.is_object()) return not_understood();
    const auto celsius = number_of(current["temperature_2m"]);
    report made;
    made.provider = open_meteo_name;
    made.where = asked;
    made.temperature_c = whole(celsius);
    made.temperature_f = whole(celsius ? std::optional{*celsius * 9 / 5 + 32} : std::nullopt);
    made.condition = condition_of(number_of(current["weather_code"]));
    made.humidity = whole(number_of(current["relative_humidity_2m"]));
    made.wind_speed_kmph = whole(number_of(current["wind_speed_10m"]));
    made.feels_like_c = whole(number_of(current["apparent_temperature"]));
    return made;
  });
  return parsed ? std::optional{*parsed} : std::nullopt;
}

boost::urls::url geocoding_url(const boost::urls::url& base, const place& where) {
  auto made = with_path(base, "search");
  auto query = made.params();
  query.append({"name", where.city});
  query.append({"count", "10"});
  query.append({"language", "en"});
  query.append({"format", "json"});
  return made;
}

std::optional<place> parse_geocoding(std::string_view body, const place& asked) {
  const auto parsed = json::read(body, [&](element root) -> result<place> {
    if (!root.is_object()) return not_understood();
    auto made = asked;
    element results;
    // Empty fields are not sent, and this is one where nothing was found.
    if (root["results"].get(results) != simdjson::SUCCESS) return made;
    if (!results.is_array()) return not_understood();
    for (const auto each : results) {
      const auto latitude = number_of(each["latitude"]);
      const auto longitude = number_of(each["longitude"]);
      if (!latitude || !longitude || !is_in(each, asked.country)) continue;
      made.latitude = latitude;
      made.longitude = longitude;
      break;
    }
    return made;
  });
  return parsed ? std::optional{*parsed} : std::nullopt;
}

std::optional<std::string_view> weather_condition(long code) noexcept {
  const auto* const found =
      std::find_if(conditions.begin(), conditions.end(), [=](const condition& each) { return each.code == code; });
  if (found == conditions.end()) return std::nullopt;
  return found->words;
}

}  // namespace cohort::weather
