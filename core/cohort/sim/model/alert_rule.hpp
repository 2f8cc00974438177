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
  /// From 0 to 1. The alert is active if the ratio is above it in each of the windows; never in one without a request.
  double threshold = 0;
  std::vector<duration> windows;
  /// The alert fires once it has been active for this long.
  duration hold{};
};

/// A time in which an alert fires.
struct alert_firing {
  duration begin{};
  /// Empty: until the end of the run.
  std::optional<duration> end;
};

/// The time between two evaluations, which are also the scrapes.
inline constexpr duration alert_interval = std::chrono::seconds{15};

/// The firings of a rule in the first `length` of a run. An error is a call that ends without a response or with the
/// status 5xx. It counts when it ends. A window is evaluated once the run is as long as it.
std::vector<alert_firing> evaluate(const alert_rule& rule, const caller_results& callers, duration length);

}  // namespace cohort::sim
