// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <cohort/sim/plan/plan.hpp>

namespace cohort::simulation::labs {

/// The quantity that a criterion measures in each run.
enum class measure {
  /// The fraction of calls that succeed within the deadline.
  goodput,
  /// The p99 of the response time in seconds; a failed call counts as infinite.
  p99,
  /// The number of requests to a service per call of the callers.
  requests_per_call,
  /// The number of instances of a service.
  instances,
  /// The duration of the deploy of a service, in seconds; a deploy that has not ended counts as infinite.
  deploy_time,
  /// The time in seconds from the start of a fault until an alert fires: the maximum over the faults of the scenario;
  /// infinite if the alert does not fire during one of them.
  detection_time,
  /// The number of firings outside of the faults, and outside of the alert's longest window after each fault.
  false_alarms,
  /// The time in seconds from the end of a fault until no alert of that name fires: the maximum over the faults of the
  /// scenario.
  resolution_time,
};

/// Criterion for a plan in one scenario.
struct criterion {
  labs::measure measure = measure::goodput;
  /// Limit of the value: the minimum for goodput, otherwise the maximum. Seconds for times.
  double limit = 0;
  /// The index in `plan::scenarios`.
  std::size_t scenario = 0;
  /// The period of the run whose calls count for goodput and p99.
  duration from{};
  duration to{};
  /// The service of a criterion about requests per call, instances or the deploy time.
  std::string service;
  /// The index in `plan::alerts`, for the measures of an alert.
  std::size_t alert = 0;
  /// Hint for a missed criterion.
  std::string hint;

  bool is_met(double value) const noexcept;
};

enum class chart_kind { goodput, latency };

/// An exercise: a plan, of which the learner may change certain parts, and the criteria for its result.
struct lab {
  std::string title;
  std::size_t seeds = 0;
  sim::plan plan;
  std::vector<criterion> criteria;
  chart_kind chart = chart_kind::goodput;
  /// The scenario of the chart.
  std::size_t chart_scenario = 0;

  /// The scenarios that must be simulated, in the order of the plan.
  std::vector<std::size_t> scenarios() const;
};

/// Reads `lab.json` of `directory` and a plan, which may differ from the directory's `solution.json` only in the parts
/// that `may_change` names. The error is one line with the file and the accepted values.
result<lab, std::string> read_lab(const std::filesystem::path& directory, const std::filesystem::path& plan_file);

/// Returns the path of the first value, such as `services[0].cores`, in which two JSON documents differ outside the
/// `allowed` paths; empty if they do not differ. Both documents must be valid.
std::optional<std::string> find_difference(std::string_view text, std::string_view reference,
                                           const std::vector<std::string>& allowed);

}  // namespace cohort::simulation::labs
