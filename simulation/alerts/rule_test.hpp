// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "simulation/alerts/rule_files.hpp"
#include "simulation/alerts/scraper.hpp"

namespace cohort::simulation::alerts {

/// A firing of an alert.
struct firing {
  std::string alert;
  /// The labels except the alert's name, as in PromQL.
  std::string labels;
  duration start{};
  /// The first evaluation at which the alert no longer fired, or the end of the run.
  duration end{};
};

/// The interval of the rule groups.
inline constexpr std::chrono::seconds evaluation_interval{10};

/// Returns a test file for `promtool test rules` with these input series. It queries the firing alerts at each
/// evaluation until `length`. `rule_path` is the path of a file with the selected rules.
std::string rule_test_file(const series_table& series, const rule_files& rules, const std::string& rule_path,
                           duration scrape_interval, duration length);

/// Reads the output of `promtool test rules` for such a file. Throws `std::runtime_error` for any other error.
std::vector<firing> parse_firings(std::string_view output, duration length);

/// Returns the output of `promtool --version`. Throws `std::runtime_error` if it cannot be run.
std::string promtool_version();

/// Runs a file of `rule_test_file` with `promtool`. Throws `std::runtime_error` on failure.
std::vector<firing> evaluate_rules(const std::string& file, duration length);

}  // namespace cohort::simulation::alerts
