// SPDX-License-Identifier: BSL-1.0
#include "simulation/rehearse/comparison.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "loadgen/results/format.hpp"

namespace cohort::simulation::rehearsal {
namespace {

using unit = compared_value::unit;
using loadgen::format_fixed;

std::string text_of(double value, unit value_unit) {
  switch (value_unit) {
    case unit::per_second: return loadgen::format_number(value) + "/s";
    case unit::percent: return format_fixed(value * 100, 1) + " %";
    case unit::microseconds: return loadgen::format_duration(static_cast<std::uint64_t>(std::max(0.0, value)));
    case unit::ratio: return format_fixed(value, 2);
  }
  return {};
}

double fraction(const observed_phase& phase, const std::string& outcome) {
  const auto found = phase.outcomes.find(outcome);
  return found == phase.outcomes.end() || phase.calls == 0
             ? 0
             : static_cast<double>(found->second) / static_cast<double>(phase.calls);
}

double divide(std::int64_t count, double total) { return total > 0 ? static_cast<double>(count) / total : 0; }

/// Returns the comparison of the values that `value` computes from each phase.
template <class Value>
compared_value compare_value(std::string name, unit value_unit, const observed_phase& simulated,
                             const std::vector<const observed_phase*>& real, Value value) {
  compared_value result;
  result.name = std::move(name);
  result.value_unit = value_unit;
  result.simulated = value(simulated);
  for (const auto* phase : real) result.measured.push_back(value(*phase));
  std::sort(result.measured.begin(), result.measured.end());
  return result;
}

compared_value compare_percentile(const char* name, const observed_phase& simulated,
                                  const std::vector<const observed_phase*>& real,
                                  std::optional<std::int64_t> observed_phase::* value,
                                  bool observed_phase::* is_lower_bound) {
  auto result = compare_value(name, unit::microseconds, simulated, real, [value](const observed_phase& phase) {
    return static_cast<double>((phase.*value).value_or(0));
  });
  result.simulated_is_lower_bound = simulated.*is_lower_bound;
  result.measured_is_lower_bound =
      std::any_of(real.begin(), real.end(), [&](const observed_phase* phase) { return phase->*is_lower_bound; });
  return result;
}

std::vector<compared_value> compare_values(const observed_phase& simulated,
                                           const std::vector<const observed_phase*>& real) {
  std::vector<compared_value> values;
  values.push_back(compare_value("throughput", unit::per_second, simulated, real, [](const observed_phase& phase) {
    const auto found = phase.outcomes.find("ok");
    return divide(found == phase.outcomes.end() ? 0 : found->second, phase.length_s);
  }));
  values.push_back(compare_value("goodput", unit::percent, simulated, real, [](const observed_phase& phase) {
    return divide(phase.good, static_cast<double>(phase.calls));
  }));
  values.push_back(
      compare_percentile("p50", simulated, real, &observed_phase::p50_us, &observed_phase::p50_is_lower_bound));
  values.push_back(
      compare_percentile("p99", simulated, real, &observed_phase::p99_us, &observed_phase::p99_is_lower_bound));
  values.push_back(compare_value("attempts per call", unit::ratio, simulated, real, [](const observed_phase& phase) {
    return divide(phase.attempts, static_cast<double>(phase.calls));
  }));
  std::set<std::string> outcomes;
  for (const auto& [outcome, count] : simulated.outcomes) outcomes.insert(outcome);
  for (const auto* phase : real) {
    for (const auto& [outcome, count] : phase->outcomes) outcomes.insert(outcome);
  }
  outcomes.erase("ok");
  for (const auto& outcome : outcomes) {
    const auto value = [&](const observed_phase& phase) { return fraction(phase, outcome); };
    auto shares = compare_value(outcome, unit::percent, simulated, real, value);
    if (shares.simulated > 0 || shares.measured.back() > 0) values.push_back(std::move(shares));
  }
  return values;
}

/// Returns the CPU time of all services per call, in microseconds.
double cpu_us(const observed_run& run) {
  double seconds = 0;
  double calls = 0;
  for (const auto& [service, time] : run.cpu_s) seconds += time;
  for (const auto& phase : run.phases) calls += static_cast<double>(phase.calls);
  return seconds * 1e6 / std::max(calls, 1.0);
}

compared_value compare_cpu_times(const observed_run& simulated, const std::vector<observed_run>& real) {
  compared_value result;
  result.name = "CPU time per call";
  result.value_unit = unit::microseconds;
  result.simulated = cpu_us(simulated);
  for (const auto& run : real) result.measured.push_back(cpu_us(run));
  std::sort(result.measured.begin(), result.measured.end());
  return result;
}

}  // namespace

double compared_value::median() const { return measured[measured.size() / 2]; }

bool compared_value::is_within_spread() const {
  return measured.size() > 1 && measured.front() <= simulated && simulated <= measured.back();
}

std::string compared_value::difference() const {
  if (simulated_is_lower_bound && measured_is_lower_bound) return "both are lower bounds";
  const auto sign = [](double value) { return value < 0 ? "" : "+"; };
  if (value_unit == unit::percent) {
    const auto points = (simulated - median()) * 100;
    return sign(points) + format_fixed(points, 1) + " points";
  }
  if (median() == 0) return simulated == 0 ? "+0 %" : "–";
  const auto percent = (simulated / median() - 1) * 100;
  return sign(percent) + format_fixed(percent, 0) + " %";
}

std::string compared_value::format_simulated() const {
  return (simulated_is_lower_bound ? "≥ " : "") + text_of(simulated, value_unit);
}

std::string compared_value::format_measured() const {
  const auto middle = (measured_is_lower_bound ? "≥ " : "") + text_of(median(), value_unit);
  if (measured.size() == 1) return middle;
  return middle + " (" + text_of(measured.front(), value_unit) + " to " + text_of(measured.back(), value_unit) + ")";
}

comparison compare(observed_run simulated, std::vector<observed_run> real, double calibrated_rate,
                   const std::vector<std::string>& plan_warnings) {
  comparison result;
  result.name = simulated.name;
  result.warnings = plan_warnings;
  double max_rate = 0;
  for (std::size_t i = 0; i < simulated.phases.size(); ++i) {
    const auto& phase = simulated.phases[i];
    std::vector<const observed_phase*> observed_phases;
    for (const auto& run : real) observed_phases.push_back(&run.phases.at(i));
    max_rate = std::max(max_rate, divide(phase.attempts, phase.length_s));
    result.phases.push_back({phase.name, phase.start_s, phase.length_s, compare_values(phase, observed_phases)});
  }
  // The CPU time covers the entire run.
  if (result.phases.size() == 1) result.phases.front().values.push_back(compare_cpu_times(simulated, real));
  // A load that is up to 10 % higher counts as equal, because arrivals are random.
  if (max_rate > calibrated_rate * 1.1) {
    result.warnings.push_back("up to " + loadgen::format_number(max_rate) +
                              " attempts a second, but the CPU costs were measured at " +
                              loadgen::format_number(calibrated_rate));
  }
  result.simulated = std::move(simulated);
  result.real = std::move(real);
  return result;
}

}  // namespace cohort::simulation::rehearsal
