// SPDX-License-Identifier: BSL-1.0
#include "simulation/rehearse/calibration.hpp"

#include <algorithm>
#include <numeric>

#include "simulation/rehearse/measured_pauses.hpp"
#include "simulation/rehearse/simulated_run.hpp"

namespace cohort::simulation::rehearsal {
namespace {

void scale_costs(sim::cpu_costs& costs, double factor) {
  costs.wake_up = costs.wake_up.scaled(factor);
  costs.connection = costs.connection.scaled(factor);
  costs.read = costs.read.scaled(factor);
  costs.other_routes = costs.other_routes.scaled(factor);
  costs.call = costs.call.scaled(factor);
  for (auto& route : costs.routes) route.cost = route.cost.scaled(factor);
}

duration microseconds(double value) { return duration{static_cast<duration::rep>(std::max(0.0, value) * 1e3)}; }

void scale_http_costs(sim::planned_service& service, const calibrated_cost& cost) {
  // Excludes the CPU time of a model's handler, which is not an HTTP cost. Each call of the stack sends at most one
  // request to a service.
  const auto handler_us = service.program.empty() ? to_seconds(service.model->cpu.mean()) * 1e6 : 0;
  const auto planned_http = cost.planned_us - handler_us;
  const auto measured_http = std::max(0.0, cost.measured_us - handler_us);
  if (planned_http > 0.01) {
    scale_costs(service.costs, measured_http / planned_http);
  } else {
    service.costs.read = sim::distribution::constant(microseconds(measured_http));
  }
}

sim::plan with_link_latency(sim::plan plan, double added_us) {
  plan.links.min_latency += microseconds(added_us);
  plan.links.max_latency += microseconds(added_us);
  return plan;
}

/// The combined measurements of repeated runs.
struct merged_runs {
  /// The CPU time of a call in microseconds, by service.
  std::map<std::string, double> cpu_us;
  /// The median of the median response times of the runs.
  double p50_us = 0;
  /// The lag of the run whose 99th percentile is the median of all runs. A sum over all runs could be dominated by a
  /// short spike.
  std::vector<observed_lag> dispatch_lag;
};

std::int64_t p99_of(const std::vector<observed_lag>& lag) {
  const auto add = [](std::int64_t sum, const observed_lag& entry) { return sum + entry.calls; };
  auto above = std::accumulate(lag.begin(), lag.end(), std::int64_t{0}, add) / 100;
  for (auto entry = lag.rbegin(); entry != lag.rend(); ++entry) {
    above -= entry->calls;
    if (above < 0) return entry->lag_us;
  }
  return 0;
}

merged_runs merge(const std::vector<observed_run>& runs) {
  merged_runs merged;
  double calls = 0;
  std::vector<std::int64_t> medians;
  std::vector<const observed_run*> runs_by_lag;
  for (const auto& run : runs) {
    calls += static_cast<double>(run.phases.front().calls);
    medians.push_back(run.phases.front().p50_us.value_or(0));
    for (const auto& [service, seconds] : run.cpu_s) merged.cpu_us[service] += seconds * 1e6;
    runs_by_lag.push_back(&run);
  }
  for (auto& [service, sum] : merged.cpu_us) sum /= std::max(calls, 1.0);
  std::sort(medians.begin(), medians.end());
  merged.p50_us = static_cast<double>(medians[medians.size() / 2]);
  std::sort(runs_by_lag.begin(), runs_by_lag.end(), [](const observed_run* a, const observed_run* b) {
    return p99_of(a->dispatch_lag) < p99_of(b->dispatch_lag);
  });
  merged.dispatch_lag = runs_by_lag[runs_by_lag.size() / 2]->dispatch_lag;
  return merged;
}

/// The fraction of the calls that a pause delayed.
double delayed_fraction(const std::vector<observed_lag>& lag) {
  constexpr std::int64_t min_delay_us = 300;
  double calls = 0;
  double delayed_call_count = 0;
  for (const auto& entry : lag) {
    calls += static_cast<double>(entry.calls);
    if (entry.lag_us > min_delay_us) delayed_call_count += static_cast<double>(entry.calls);
  }
  return calls > 0 ? delayed_call_count / calls : 0;
}

/// Returns the response times after idle times of all runs.
std::vector<observed_idle_group> idle_groups(const std::vector<observed_run>& runs) {
  std::vector<observed_idle_group> groups;
  for (const auto& run : runs) {
    groups.insert(groups.end(), run.response_after_idle.begin(), run.response_after_idle.end());
  }
  return groups;
}

/// Finds the parameters of a plan by simulating the calibration of the real programs.
class calibrator {
 public:
  calibrator(const sim::plan& plan, const real_runs& real, const sim::program_catalog& programs)
      : real_(real), programs_(programs), measured_runs_(merge(real.calibrations)), result_{plan, {}} {
    auto groups = idle_groups(real.calibrations);
    const auto count_calls = [](std::int64_t sum, const observed_idle_group& group) { return sum + group.calls; };
    result_.has_idle_times =
        std::accumulate(groups.begin(), groups.end(), std::int64_t{0}, count_calls) >= min_idle_calls;
    const auto single_calls = idle_groups(real.single_calls);
    groups.insert(groups.end(), single_calls.begin(), single_calls.end());
    if (result_.has_idle_times) result_.idle_fit = fit_idle_response(groups);
  }

  calibration run() {
    result_.plan.pauses = pauses_from_dispatch_lag(measured_runs_.dispatch_lag);
    result_.rate = real_.calibrations.front().rate;
    set_idle_pauses();
    // Each round reduces the differences from the measurement. Several rounds are necessary, because the parameters
    // affect each other: the CPU time depends on the number of wake-ups, which depends on the costs.
    for (int round = 0; round < round_count; ++round) {
      const auto simulated = simulate_calibration(result_.plan);
      set_costs(simulated, round == 0);
      set_idle_slowdown(simulated);
    }
    set_link_latency();
    return std::move(result_);
  }

 private:
  static constexpr int round_count = 5;
  static constexpr double max_idle_factor = 100;
  static constexpr std::int64_t min_idle_calls = 100;

  observed_run simulate_load(const sim::plan& candidate, double rate) const {
    const sim::planned_scenario no_fault{"calibration", {}, {}};
    return simulate(candidate, no_fault, rate, candidate.rehearsal->length, programs_, 1);
  }
  observed_run simulate_calibration(const sim::plan& candidate) const { return simulate_load(candidate, result_.rate); }

  void set_idle_pauses() {
    std::vector<observed_lag> idle_lag;
    for (const auto& run : real_.single_calls) {
      idle_lag.insert(idle_lag.end(), run.dispatch_lag.begin(), run.dispatch_lag.end());
    }
    const auto fraction = delayed_fraction(measured_runs_.dispatch_lag);
    if (!idle_lag.empty() && fraction > 0) {
      result_.idle_pause_ratio = std::min(delayed_fraction(idle_lag) / fraction, 1.0);
    }
  }

  void set_costs(const observed_run& simulated, bool is_first_round) {
    const auto calls = static_cast<double>(std::max<std::int64_t>(simulated.phases.front().calls, 1));
    for (auto& service : result_.plan.services) {
      const auto cost_us = measured_runs_.cpu_us.find(service.name);
      if (cost_us == measured_runs_.cpu_us.end()) continue;
      const calibrated_cost cost{service.name, simulated.cpu_s.at(service.name) * 1e6 / calls, cost_us->second};
      if (is_first_round) result_.costs.push_back(cost);
      scale_http_costs(service, cost);
    }
  }

  void set_idle_slowdown(const observed_run& simulated) {
    if (!result_.idle_fit) return;
    auto& slowdown = result_.plan.slowdown_after_idle;
    const auto& [base_us, increase_us, saturation_idle_us] = *result_.idle_fit;
    slowdown.full_after = microseconds(saturation_idle_us);
    if (!slowdown.any()) {
      // As a first estimate, the entire response time is CPU time.
      slowdown.max_factor = std::min(1 + increase_us / std::max(base_us, 1.0), max_idle_factor);
      return;
    }
    auto groups = simulated.response_after_idle;
    if (!real_.single_calls.empty()) {
      const auto rate = real_.single_calls.front().rate;
      const auto single_calls = simulate_load(plan_for_rate(result_, rate), rate).response_after_idle;
      groups.insert(groups.end(), single_calls.begin(), single_calls.end());
    }
    const auto found = fit_idle_response(groups, saturation_idle_us);
    if (!found || found->increase_us <= 0) return;
    const auto factor = 1 + (slowdown.max_factor - 1) * increase_us / found->increase_us;
    slowdown.max_factor = std::min(factor, max_idle_factor);
  }

  /// The response time that determines the latency of the links.
  double response_us(const observed_run& run) const {
    if (result_.idle_fit) {
      const auto fit = fit_idle_response(run.response_after_idle, result_.idle_fit->saturation_idle_us);
      if (fit) return fit->base_us;
    }
    return static_cast<double>(run.phases.front().p50_us.value_or(0));
  }

  void set_link_latency() {
    // Simulates two latencies of the links to determine the slope of the response time.
    constexpr double probe_latency_us = 100;
    const auto base = response_us(simulate_calibration(result_.plan));
    const auto slope = (response_us(simulate_calibration(with_link_latency(result_.plan, probe_latency_us))) - base) /
                       probe_latency_us;
    const auto measured = result_.idle_fit ? result_.idle_fit->base_us : measured_runs_.p50_us;
    result_.added_latency_us = slope > 0 ? std::max(0.0, (measured - base) / slope) : 0;
    result_.plan = with_link_latency(std::move(result_.plan), result_.added_latency_us);
  }

  const real_runs& real_;
  const sim::program_catalog& programs_;
  merged_runs measured_runs_;
  calibration result_;
};

}  // namespace

sim::plan plan_for_rate(const calibration& calibrated, double rate) {
  auto plan = calibrated.plan;
  const auto load = std::min(rate / calibrated.rate, 1.0);
  plan.pauses.per_second *= calibrated.idle_pause_ratio + (1 - calibrated.idle_pause_ratio) * load;
  return plan;
}

calibration calibrate(const sim::plan& plan, const real_runs& real, const sim::program_catalog& programs) {
  return calibrator{plan, real, programs}.run();
}

}  // namespace cohort::simulation::rehearsal
