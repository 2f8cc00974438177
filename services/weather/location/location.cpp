// SPDX-License-Identifier: BSL-1.0
#include "services/weather/location/location.hpp"

#include <simdjson.h>

#include <array>

#include "services/weather/location/case_folding.hpp"
#include "services/weather/location/country.hpp"

namespace cohort::weather {
namespace {

constexpr std::size_t max_location_bytes = 256;

std::string_view trim(std::string_view text) noexcept {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

/// C0 controls, DEL, and the C1 controls U+0080 to U+009F.
bool has_control_characters(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7F) return true;
    if (byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0) return true;
  }
  return false;
}

/// Replaces commas and spaces of other scripts with those of ASCII.
std::string normalize(std::string_view text) {
  struct replacement {
    std::string_view from;
    char to;
  };
  constexpr std::array<replacement, 5> replacements{{
      {"\uFF0C", ','},  // fullwidth comma
      {"\u3001", ','},  // ideographic comma
      {"\u060C", ','},  // Arabic comma
      {"\u3000", ' '},  // ideographic space
      {"\u00A0", ' '},  // no-break space
  }};
  std::string result{text};
  for (const auto& [from, to] : replacements) {
    for (auto at = result.find(from); at != std::string::npos; at = result.find(from, at + 1)) {
      result.replace(at, from.size(), 1, to);
    }
  }
  return result;
}

void append_region(std::string& region, std::string_view part) {
  if (part.empty()) return;
  if (!region.empty()) region += ',';
  region += part;
}

}  // namespace

std::string location::text() const { return city + "," + (region.empty() ? "" : region + ",") + country; }

std::string location::cache_key() const { return fold_case(text()); }

bool location::is_in_country(std::string_view name) const {
  return is_same_country(country, name) || (!region.empty() && is_same_country(region + " " + country, name));
}

const location& default_location() {
  static const location haifa{"Haifa", "Israel", 32.7940, 34.9896};
  return haifa;
}

std::optional<location> parse_location(std::string_view input) {
  if (input.size() > max_location_bytes || !simdjson::validate_utf8(input.data(), input.size())) return std::nullopt;
  if (has_control_characters(input)) return std::nullopt;
  const auto owned_text = normalize(input);
  const std::string_view text = owned_text;
  const auto first_comma = text.find(',');
  if (first_comma == std::string_view::npos) return std::nullopt;
  const auto last_comma = text.rfind(',');
  location location;
  location.city = trim(text.substr(0, first_comma));
  location.country = trim(text.substr(last_comma + 1));
  if (location.city.empty() || location.country.empty()) return std::nullopt;
  for (auto start = first_comma; start < last_comma;) {
    const auto end = text.find(',', start + 1);
    append_region(location.region, trim(text.substr(start + 1, end - start - 1)));
    start = end;
  }
  return location.cache_key() == default_location().cache_key() ? default_location() : location;
}

}  // namespace cohort::weather
