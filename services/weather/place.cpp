#include "services/weather/place.hpp"

#include <simdjson.h>

#include <algorithm>

namespace cohort::weather {
namespace {

std::string_view trimmed(std::string_view text) noexcept {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_letter(char c) noexcept {
  return (lower(c) >= 'a' && lower(c) <= 'z') || static_cast<unsigned char>(c) >= 0x80;
}

bool is_name(std::string_view text) noexcept {
  constexpr std::size_t longest = 64;
  if (text.empty() || text.size() > longest) return false;
  if (!simdjson::validate_utf8(text.data(), text.size())) return false;
  if (std::none_of(text.begin(), text.end(), is_letter)) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return is_letter(c) || c == ' ' || c == '.' || c == '\'' || c == '-'; });
}

}  // namespace

std::string place::key() const {
  std::string made = city + "," + country;
  std::transform(made.begin(), made.end(), made.begin(), lower);
  return made;
}

const place& default_place() {
  static const place haifa{"Haifa", "Israel", 32.7940, 34.9896};
  return haifa;
}

bool same_name(std::string_view one, std::string_view other) noexcept {
  return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

std::optional<place> parse_place(std::string_view text) {
  const auto comma = text.find(',');
  if (comma == std::string_view::npos) return std::nullopt;
  const auto city = trimmed(text.substr(0, comma));
  const auto country = trimmed(text.substr(comma + 1));
  if (!is_name(city) || !is_name(country)) return std::nullopt;
  place parsed{std::string{city}, std::string{country}, {}, {}};
  return parsed.key() == default_place().key() ? default_place() : parsed;
}

}  // namespace cohort::weather
