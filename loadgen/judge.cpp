#include "loadgen/judge.hpp"

#include <algorithm>
#include <cmath>

#include "loadgen/figures.hpp"
#include "loadgen/load_run.hpp"

namespace cohort::loadgen {
namespace {

constexpr std::uint64_t lag_always_allowed_us = 1000;
constexpr double most_worker_cpu = 0.8;
constexpr double least_started = 0.99;

/// Rounded down, so that what just fails to be 99 % does not look like it.
std::string percent(double share) { return fixed_text(std::floor(share * 1000) / 10, 1) + " %"; }

bool is_latency(const objective& each) {
  return each.of == objective::measure::percentile || each.of == objective::measure::mean ||
         each.of == objective::measure::max;
}

std::uint64_t allowed_lag_us(const std::vector<objective>& objectives) {
  std::optional<double> tightest;
  for (const auto& each : objectives)
    if (is_latency(each)) tightest = std::min(tightest.value_or(each.limit), each.limit);
  return std::max(lag_always_allowed_us, static_cast<std::uint64_t>(tightest.value_or(0) / 10));
}

/// The greatest mean of the busiest worker over a phase that lasted two seconds at least.
double busiest_phase(const report& of) {
  std::vector<double> sums(of.phases.size());
  std::vector<unsigned> counts(of.phases.size());
  for (const auto& each : of.intervals) {
    if (each.length < interval_length || each.start >= of.planned_length) continue;
    sums[each.phase] += each.busiest_worker_cpu;
    ++counts[each.phase];
  }
  double busiest = 0;
  for (std::size_t i = 0; i < sums.size(); ++i)
    if (counts[i] >= 2) busiest = std::max(busiest, sums[i] / counts[i]);
  return busiest;
}

/// Of what was meant to start, the share that did while the plan went on.
double started_in_time(const report& of) {
  if (of.all.planned == 0) return 1;
  std::uint64_t late = 0;
  for (const auto& each : of.intervals)
    if (each.start >= of.planned_length) late += each.all.planned;
  return 1 - static_cast<double>(late) / static_cast<double>(of.all.planned);
}

/// Where requests had to wait for a connection, it is the bound on those that was measured.
std::vector<std::string> hints(const report& of, const std::vector<objective>& objectives) {
  std::vector<std::string> found;
  const auto waited =
      std::count_if(of.intervals.begin(), of.intervals.end(), [](const interval& each) { return each.waiting > 0; });
  if (!of.closed_loop && waited * 10 >= std::ssize(of.intervals) && waited > 0) {
    found.push_back("Requests waited because all " + count_text(of.generator.connections) +
                    " connections to a target were busy, in " + count_text(static_cast<std::uint64_t>(waited)) +
                    " of the seconds. If there are more callers than that, use more --connections.");
  }
  if (objectives.empty() && of.all.error_rate() > 0) {
    found.push_back("No objective was set (--slo), so the " + share_text(of.all.error_rate()) +
                    " that failed are held against nobody.");
  }
  return found;
}

}  // namespace

std::vector<std::string> why_invalid(const report& of, const std::vector<objective>& objectives) {
  std::vector<std::string> reasons;
  const auto lag = of.all.dispatch_lag.percentile(99);
  const auto allowed = allowed_lag_us(objectives);
  // Of fewer than a hundred requests the 99th percentile is the worst one: one alone proves nothing.
  const auto late = of.all.dispatch_lag.count() - of.all.dispatch_lag.count_up_to(allowed);
  if (!of.closed_loop && lag > allowed && late > 1) {
    reasons.push_back("The generator was late: the 99th percentile of its dispatch lag is " + duration_text(lag) +
                      ", and " + duration_text(allowed) + " is allowed. Give it a processor of its own.");
  }
  if (const auto busy = busiest_phase(of); busy >= most_worker_cpu) {
    reasons.push_back("A worker was busy for " + percent(busy) + " of its time, and " + percent(most_worker_cpu) +
                      " is the most at which its figures are the server's. Use more --threads, or fewer requests.");
  }
  if (!of.closed_loop && started_in_time(of) < least_started) {
    reasons.push_back("Only " + percent(started_in_time(of)) +
                      " of the requests were started while the plan lasted: the generator could not keep up.");
  }
  const auto count = [&](outcome what) { return of.all.outcomes[static_cast<std::size_t>(what)]; };
  if (const auto none = count(outcome::local_fd); none > 0) {
    reasons.push_back("This machine had no file descriptor left for " + std::to_string(none) +
                      " requests (ulimit -n).");
  }
  if (const auto none = count(outcome::local_port); none > 0) {
    reasons.push_back("This machine had no local port left for " + std::to_string(none) +
                      " requests: keep connections alive, or use fewer of them.");
  }
  return reasons;
}

verdict judge(const report& of, const std::vector<objective>& objectives, const ending& how) {
  verdict made;
  const auto lasted = how.stopped_because ? of.took : of.planned_length;
  for (const auto& each : objectives) {
    made.objectives.push_back(evaluate(each, tally_for(each, of), std::chrono::duration<double>(lasted).count()));
  }
  const bool all_held =
      std::all_of(made.objectives.begin(), made.objectives.end(), [](const auto& each) { return each.held; });
  auto invalid = why_invalid(of, objectives);
  if (how.interrupted) {
    made.kind = verdict_kind::interrupted;
  } else if (!invalid.empty()) {
    made.kind = verdict_kind::invalid;
  } else if (!all_held) {
    made.kind = verdict_kind::objective_failed;
  } else if (of.baseline && of.baseline->regressed()) {
    made.kind = verdict_kind::regression;
  }
  if (how.stopped_because) made.reasons.push_back(*how.stopped_because);
  made.reasons.insert(made.reasons.end(), invalid.begin(), invalid.end());
  const auto more = hints(of, objectives);
  made.reasons.insert(made.reasons.end(), more.begin(), more.end());
  if (of.baseline && of.baseline->regressed()) made.reasons.push_back("It got worse than " + of.baseline->file + ".");
  return made;
}

}  // namespace cohort::loadgen
