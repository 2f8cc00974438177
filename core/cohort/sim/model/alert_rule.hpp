// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <cohort/sim/model/caller_population.hpp>

namespace cohort::sim {

/// An alert on the error ratio that callers see, evaluated as Prometheus evaluates
/// `errors[window] / requests[window] > threshold` with `for`.
struct alert_rule {
  std::string name;
  /// Threshold of the error ratio, from 0 to 1. The alert is active if the ratio exceeds the threshold in each of the
  /// windows. A window without requests never exceeds the threshold.
  double threshold = 0;
  std::vector<duration> windows;
  /// The alert fires when it has been active for this duration.
  duration hold{};
};

/// A period in which an alert fires.
struct alert_firing {
  duration begin{};
  /// The end of the period; empty if it lasts until the end of the run.
  std::optional<duration> end;
};

/// Interval of scrapes and evaluations.
inline constexpr duration alert_interval = std::chrono::seconds{15};

/// The firings of a rule in the first `length` of a run. An error is a call that ends without a response or with the
/// status 5xx. An error is counted when its call ends. A window is evaluated once the run has lasted as long as the
/// window.
std::vector<alert_firing> evaluate(const alert_rule& rule, const caller_results& callers, duration length);

}  // namespace cohort::sim
