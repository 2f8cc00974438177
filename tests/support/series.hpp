// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cohort::test {

/// Returns the value of a time series in Prometheus's text format, such as `up{job="a"}`; the result is empty if
/// `metrics` does not have it.
inline std::optional<double> find_series(std::string_view metrics, std::string_view series) {
  const auto text = "\n" + std::string{metrics};
  const auto line = "\n" + std::string{series} + " ";
  const auto found = text.find(line);
  if (found == std::string::npos) return std::nullopt;
  return std::stod(text.substr(found + line.size()));
}

}  // namespace cohort::test
