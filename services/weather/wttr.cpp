#include "services/weather/wttr.hpp"

#include <charconv>
#include <cmath>

#include "core/json/reader.hpp"
#include "core/runtime/task.hpp"

namespace cohort::weather {
namespace {

using simdjson::dom::element;

/// j1 holds nearly all values as strings; a number is taken as it would be written.
std::string text_of(simdjson::simdjson_result<element> found) {
  std::string_view text;
  if (found.get(text) == simdjson::SUCCESS && !text.empty()) return std::string{text};
  element value;
  if (found.get(value) == simdjson::SUCCESS && value.is_number()) return simdjson::minify(value);
  return std::string{not_available};
}

std::optional<double> number_of(simdjson::simdjson_result<element> found) {
  const auto text = text_of(found);
  double number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc{} || end != text.data() + text.size() || !std::isfinite(number)) return std::nullopt;
  return number;
}

}  // namespace

boost::urls::url wttr_url(const boost::urls::url& base, const place& where) {
  auto made = base;
  made.segments().push_back(where.city + "," + where.country);
  made.params().set("format", "j1");
  return made;
}

std::optional<report> parse_wttr(std::string_view body, const place& asked) {
  const auto parsed = json::read(body, [&](element root) -> result<report> {
    element current;
    if (root.at_pointer("/current_condition/0").get(current) != simdjson::SUCCESS || !current.is_object()) {
      return error_code{boost::system::errc::bad_message, boost::system::generic_category()};
    }
    report made;
    made.provider = wttr_name;
    made.where = asked;
    if (!made.where.latitude) {
      made.where.latitude = number_of(root.at_pointer("/nearest_area/0/latitude"));
      made.where.longitude = number_of(root.at_pointer("/nearest_area/0/longitude"));
    }
    made.temperature_c = text_of(current["temp_C"]);
    made.temperature_f = text_of(current["temp_F"]);
    made.condition = text_of(current.at_pointer("/weatherDesc/0/value"));
    made.humidity = text_of(current["humidity"]);
    made.wind_speed_kmph = text_of(current["windspeedKmph"]);
    made.feels_like_c = text_of(current["FeelsLikeC"]);
    return made;
  });
  return parsed ? std::optional{*parsed} : std::nullopt;
}

}  // namespace cohort::weather
