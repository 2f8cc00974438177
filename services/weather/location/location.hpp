// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cohort::weather {

/// A requested place, by its names.
struct location {
  std::string city;
  std::string country;
  std::optional<double> latitude;   // degrees north
  std::optional<double> longitude;  // degrees east
  std::string region{};             // between city and country, such as "DC" in "Washington,DC,USA"; usually empty

  /// `City,Country` or `City,Region,Country`.
  std::string text() const;
  /// The case-folded text, which is equal for spellings that differ only in case or Unicode composition.
  std::string cache_key() const;
  /// Whether `name` is a name of the country, possibly inverted as in ISO 3166: `Seoul,Korea, Republic of`.
  bool is_in_country(std::string_view name) const;
};

/// The default location is Haifa, Israel (32.7940, 34.9896).
const location& default_location();

/// Parses `City,Country`, with any further parts between the two as the region. Commas and spaces of other scripts,
/// such as U+FF0C and U+3000, count as those of ASCII. All other names are accepted. Returns an empty result if the
/// first or the last part is missing, or if `text` is longer than 256 bytes, is not UTF-8 or has control characters.
/// Only the default location has coordinates.
std::optional<location> parse_location(std::string_view text);

}  // namespace cohort::weather
