// SPDX-License-Identifier: BSL-1.0
#include "loadgen/results/run_verdict.hpp"

#include <algorithm>
#include <cmath>

#include "loadgen/results/format.hpp"

namespace cohort::loadgen {
namespace {

constexpr std::uint64_t min_allowed_lag_us = 1000;
constexpr double max_worker_cpu_fraction = 0.8;
constexpr double min_on_time_fraction = 0.99;
constexpr duration full_interval = std::chrono::seconds{1};

/// Formats a percentage, rounded down so that a value just below 99 % is not shown as 99 %.
std::string format_percent_rounded_down(double ratio) { return format_fixed(std::floor(ratio * 1000) / 10, 1) + " %"; }

std::uint64_t allowed_lag_us(const std::vector<objective>& objectives) {
  std::optional<double> min_limit;
  for (const auto& objective : objectives)
    if (is_latency(objective.measured)) min_limit = std::min(min_limit.value_or(objective.limit), objective.limit);
  return std::max(min_allowed_lag_us, static_cast<std::uint64_t>(min_limit.value_or(0) / 10));
}

/// Returns the mean CPU utilization of the busiest worker in the phase in which it is highest. Phases that consist of a
/// single interval are ignored.
double max_phase_cpu(const run_report& report) {
  std::vector<double> sums(report.phases.size());
  std::vector<unsigned> counts(report.phases.size());
  for (const auto& interval : report.intervals) {
    if (interval.length < full_interval || interval.start >= report.planned_duration) continue;
    sums[interval.phase] += interval.busiest_worker_cpu;
    ++counts[interval.phase];
  }
  double maximum = 0;
  for (std::size_t i = 0; i < sums.size(); ++i)
    if (counts[i] >= 2) maximum = std::max(maximum, sums[i] / counts[i]);
  return maximum;
}

/// The fraction of the planned requests that started before the end of the load profile.
double on_time_fraction(const run_report& report) {
  if (report.totals.planned == 0) return 1;
  std::uint64_t late = 0;
  for (const auto& interval : report.intervals)
    if (interval.start >= report.planned_duration) late += interval.totals.planned;
  return 1 - static_cast<double>(late) / static_cast<double>(report.totals.planned);
}

void add_schedule_limits(std::vector<generator_limit>& limits, const run_report& report,
                         const std::vector<objective>& objectives) {
  const auto& lag = report.totals.dispatch_lag;
  const auto allowed = allowed_lag_us(objectives);
  // With fewer than 100 requests, the p99 is the maximum, and a single delayed request is not sufficient evidence.
  const auto late_count = lag.count() - lag.count_at_or_below(allowed);
  if (lag.percentile(99) > allowed && late_count > 1) {
    limits.push_back({"dispatch_lag", "The generator was delayed: the p99 of dispatch lag is " +
                                          format_duration(lag.percentile(99)) + "; at most " +
                                          format_duration(allowed) + " is allowed. Run it on a separate CPU."});
  }
  if (on_time_fraction(report) < min_on_time_fraction) {
    limits.push_back({"late_starts", "Only " + format_percent_rounded_down(on_time_fraction(report)) +
                                         " of the requests started before the end of the load profile: the generator "
                                         "could not keep up."});
  }
}

std::vector<std::string> find_hints(const run_report& report, const std::vector<objective>& objectives) {
  std::vector<std::string> hints;
  const auto intervals = std::ssize(report.intervals);
  const auto waiting = std::count_if(report.intervals.begin(), report.intervals.end(),
                                     [](const interval_report& interval) { return interval.waiting > 0; });
  if (!report.is_closed_loop() && waiting * 10 >= intervals && waiting > 0) {
    hints.push_back("Requests waited for a connection in " + format_count(static_cast<std::uint64_t>(waiting)) +
                    " of " + format_count(static_cast<std::uint64_t>(intervals)) + " intervals: all " +
                    format_count(report.generator.connections) +
                    " connections to a target were busy. Raise --connections to simulate more callers.");
  }
  if (objectives.empty() && report.totals.error_rate() > 0) {
    hints.push_back("The error rate of " + format_percentage(report.totals.error_rate()) +
                    " does not affect the verdict, because no objective (--slo) was given.");
  }
  return hints;
}

verdict_kind kind_of(const run_verdict& verdict, bool is_interrupted, bool is_invalid, bool has_regression) {
  if (is_interrupted) return verdict_kind::interrupted;
  if (is_invalid) return verdict_kind::invalid;
  const bool are_all_met = std::all_of(verdict.objectives.begin(), verdict.objectives.end(),
                                       [](const objective_result& result) { return result.is_met; });
  if (!are_all_met) return verdict_kind::objective_failed;
  return has_regression ? verdict_kind::regression : verdict_kind::passed;
}

std::string format_request_count(std::uint64_t count) {
  return std::to_string(count) + (count == 1 ? " request" : " requests");
}

}  // namespace

std::vector<generator_limit> find_generator_limits(const run_report& report, const std::vector<objective>& objectives) {
  std::vector<generator_limit> limits;
  if (!report.is_closed_loop()) add_schedule_limits(limits, report, objectives);
  if (const auto cpu = max_phase_cpu(report); cpu >= max_worker_cpu_fraction) {
    limits.push_back({"worker_cpu", "A worker was busy for " + format_percent_rounded_down(cpu) +
                                        " of a phase; the limit is " +
                                        format_percent_rounded_down(max_worker_cpu_fraction) +
                                        ". Use more --threads, or a lower rate."});
  }
  if (const auto count = count_of(report.totals.outcomes, request_outcome::local_fd); count > 0) {
    limits.push_back({"file_descriptors", "This machine had no file descriptor left for " +
                                              format_request_count(count) + ". Raise the limit (ulimit -n)."});
  }
  if (const auto count = count_of(report.totals.outcomes, request_outcome::local_port); count > 0) {
    limits.push_back({"local_ports", "This machine had no local port left for " + format_request_count(count) +
                                         ". Use keep-alive, or fewer connections."});
  }
  return limits;
}

run_verdict evaluate_run(const run_report& report, const std::vector<objective>& objectives, const early_end& end) {
  run_verdict verdict;
  const auto load_length = end.stop_reason ? report.run_duration : report.planned_duration;
  const auto load_seconds = to_seconds(load_length);
  for (const auto& objective : objectives) {
    verdict.objectives.push_back(evaluate(objective, report.stats_of(objective.target), load_seconds));
  }
  const auto limits = find_generator_limits(report, objectives);
  const bool has_regression = report.baseline && report.baseline->has_regression();
  verdict.kind = kind_of(verdict, end.is_interrupted, !limits.empty(), has_regression);
  if (end.stop_reason) verdict.reasons.push_back(*end.stop_reason);
  for (const auto& limit : limits) {
    verdict.limited_by.push_back(limit.name);
    verdict.reasons.push_back(limit.reason);
  }
  if (has_regression) verdict.reasons.push_back("Regression against " + report.baseline->file + ".");
  verdict.hints = find_hints(report, objectives);
  return verdict;
}

}  // namespace cohort::loadgen
