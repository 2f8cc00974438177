// SPDX-License-Identifier: BSL-1.0
#include "simulation/lab/grading.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <mutex>

#include <cohort/sim/plan/planned_fleet.hpp>
#include <cohort/sim/tuning/parallel_for.hpp>
#include "simulation/lab/alert_measures.hpp"

namespace cohort::simulation::labs {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
/// Upper bounds of the latency histogram, in milliseconds.
constexpr std::array latency_bounds{5.0,   10.0,  15.0,  20.0,  30.0,   40.0,   50.0,   70.0,   100.0,  150.0,   200.0,
                                    300.0, 400.0, 500.0, 700.0, 1000.0, 1500.0, 2000.0, 3000.0, 5000.0, infinity};

constexpr std::chrono::seconds::rep max_chart_columns = 60;

/// Returns the calls that started in the period that the criterion covers.
std::vector<const sim::caller_results::ended_call*> counted_calls(const criterion& target,
                                                                  const sim::caller_results& callers) {
  std::vector<const sim::caller_results::ended_call*> counted;
  for (const auto& call : callers.ended) {
    if (call.begin >= target.from && call.begin < target.to) counted.push_back(&call);
  }
  return counted;
}

double goodput_of(const criterion& target, const sim::caller_results& callers) {
  const auto calls = counted_calls(target, callers);
  const auto good = std::count_if(calls.begin(), calls.end(), [](const auto* call) { return call->is_goodput; });
  return calls.empty() ? 1 : static_cast<double>(good) / static_cast<double>(calls.size());
}

double p99_of(const criterion& target, const sim::caller_results& callers) {
  std::vector<double> times;
  for (const auto* call : counted_calls(target, callers)) {
    times.push_back(call->is_success() ? to_seconds(call->elapsed) : infinity);
  }
  if (times.empty()) return 0;
  std::sort(times.begin(), times.end());
  return times[static_cast<std::size_t>(std::ceil(0.99 * static_cast<double>(times.size()))) - 1];
}

double alert_value_of(const criterion& target, const sim::plan& plan, const sim::plan_run& run) {
  const auto& rule = plan.alerts[target.alert];
  const auto measured = measure_alert(rule, plan.scenarios[target.scenario], run.firings.at(rule.name));
  switch (target.measure) {
    case measure::detection_time: return measured.detection_time;
    case measure::resolution_time: return measured.resolution_time;
    default: return measured.false_alarms;
  }
}

double value_of(const criterion& target, const sim::plan& plan, const sim::plan_run& run) {
  switch (target.measure) {
    case measure::goodput: return goodput_of(target, run.callers);
    case measure::p99: return p99_of(target, run.callers);
    case measure::requests_per_call: return run.requests_per_call(target.service);
    case measure::instances: return static_cast<double>(plan.find(target.service)->instances);
    case measure::deploy_time: {
      const auto elapsed = run.deploy_times.at(target.service);
      return elapsed ? to_seconds(*elapsed) : infinity;
    }
    case measure::detection_time:
    case measure::false_alarms:
    case measure::resolution_time: return alert_value_of(target, plan, run);
  }
  return infinity;
}

void add_goodput(chart_data& chart, const sim::caller_results& callers) {
  const auto width = static_cast<std::size_t>(chart.column / std::chrono::seconds{1});
  for (std::size_t column = 0; column < chart.goodput.size(); ++column) {
    double calls = 0;
    double good = 0;
    for (auto i = column * width; i < std::min((column + 1) * width, callers.seconds.size()); ++i) {
      calls += static_cast<double>(callers.seconds[i].calls);
      good += static_cast<double>(callers.seconds[i].good);
    }
    if (calls > 0) chart.goodput[column].push_back(good / calls);
  }
}

void add_firings(const chart_data& chart, std::vector<std::size_t>& seeds,
                 const std::vector<sim::alert_firing>& firings) {
  seeds.resize(chart.goodput.size());
  for (std::size_t column = 0; column < seeds.size(); ++column) {
    const auto begin = chart.column * static_cast<duration::rep>(column);
    const bool has_fired = std::any_of(firings.begin(), firings.end(), [&](const auto& firing) {
      return firing.begin < begin + chart.column && (!firing.end || *firing.end > begin);
    });
    if (has_fired) ++seeds[column];
  }
}

void add_to_chart(chart_data& chart, const sim::plan& plan, const sim::plan_run& run) {
  for (const auto& [service, elapsed] : run.deploy_times) {
    auto& longest = chart.deploy_times[service];
    longest = std::max(longest, elapsed.value_or(plan.load.length));
  }
  const auto& callers = run.callers;
  add_goodput(chart, callers);
  for (const auto& [alert, firings] : run.firings) add_firings(chart, chart.firing[alert], firings);
  for (const auto& call : callers.ended) {
    ++chart.calls;
    if (!call.is_success()) {
      ++chart.failed;
      continue;
    }
    const double milliseconds = to_milliseconds(call.elapsed);
    ++chart.latency[*std::lower_bound(latency_bounds.begin(), latency_bounds.end(), milliseconds)];
  }
}

/// Simulates seeds on several threads.
class grader {
 public:
  grader(const lab& exercise, std::size_t seeds) : lab_(exercise), seeds_(seeds) {
    grade_.seeds = seeds;
    grade_.criteria.resize(exercise.criteria.size());
    const auto seconds = std::max(std::chrono::ceil<std::chrono::seconds>(exercise.plan.load.length).count(),
                                  std::chrono::seconds::rep{1});
    const auto width = (seconds + max_chart_columns - 1) / max_chart_columns;
    grade_.chart.column = std::chrono::seconds{width};
    grade_.chart.goodput.resize(static_cast<std::size_t>((seconds + width - 1) / width));
  }

  grade run(std::size_t threads) {
    sim::parallel_for(seeds_, threads, [this](std::size_t index) { simulate(index + 1); });
    // Sorts the values, so that the result does not depend on the order in which the threads finished.
    for (auto& each : grade_.criteria) std::sort(each.values.begin(), each.values.end());
    for (auto& second : grade_.chart.goodput) std::sort(second.begin(), second.end());
    return std::move(grade_);
  }

 private:
  void simulate(std::uint64_t seed) {
    for (const auto scenario : lab_.scenarios()) {
      sim::planned_fleet fleet{lab_.plan, lab_.plan.scenarios[scenario], seed};
      const auto run = fleet.run();
      const std::lock_guard lock{mutex_};
      for (std::size_t i = 0; i < lab_.criteria.size(); ++i) {
        const auto& target = lab_.criteria[i];
        if (target.scenario != scenario) continue;
        const auto value = value_of(target, lab_.plan, run);
        grade_.criteria[i].values.push_back(value);
        if (target.is_met(value)) ++grade_.criteria[i].passed_seed_count;
      }
      if (scenario == lab_.chart_scenario) add_to_chart(grade_.chart, lab_.plan, run);
    }
  }

  const lab& lab_;
  const std::size_t seeds_;
  std::mutex mutex_;
  grade grade_;
};

}  // namespace

double criterion_grade::quantile(double probability) const {
  if (values.empty()) return infinity;
  const auto rank = static_cast<std::size_t>(std::ceil(probability * static_cast<double>(values.size())));
  return values[rank == 0 ? 0 : rank - 1];
}

bool criterion_grade::has_passed() const noexcept {
  return static_cast<double>(passed_seed_count) >= required_fraction * static_cast<double>(values.size());
}

bool grade::has_passed() const noexcept {
  return std::all_of(criteria.begin(), criteria.end(), [](const auto& each) { return each.has_passed(); });
}

grade grade_lab(const lab& exercise, std::size_t seeds, std::size_t threads) {
  return grader{exercise, seeds}.run(threads);
}

}  // namespace cohort::simulation::labs
