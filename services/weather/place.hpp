#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cohort::weather {

/// Where the weather is asked for.
struct place {
  std::string city;
  std::string country;
  std::optional<double> latitude;
  std::optional<double> longitude;

  /// The same for two spellings of one place that differ in letter case.
  std::string key() const;
};

/// Haifa, Israel (32.7940, 34.9896).
const place& default_place();

/// Whether two names differ in the case of their ASCII letters at most.
bool same_name(std::string_view one, std::string_view other) noexcept;

/// `City,Country`: each 1 to 64 bytes of letters (of any script, as UTF-8), spaces and `.'-`, with a letter at least.
/// Coordinates are known for the default place only.
std::optional<place> parse_place(std::string_view text);

}  // namespace cohort::weather
