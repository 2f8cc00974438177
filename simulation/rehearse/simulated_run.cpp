// SPDX-License-Identifier: BSL-1.0
#include "simulation/rehearse/simulated_run.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <cohort/runtime/concurrency/wait_queue.hpp>
#include "simulation/rehearse/measured_pauses.hpp"
#include "simulation/rehearse/real_plan.hpp"

namespace cohort::simulation::rehearsal {
namespace {

using ended_call = sim::caller_results::ended_call;

/// Polling interval of the breaker states; equal to that of a real run.
constexpr duration sampling_interval = std::chrono::milliseconds{100};

std::string label_value(std::string_view line, std::string_view name) {
  const auto start = line.find(std::string{name} + "=\"");
  if (start == std::string_view::npos) return {};
  const auto value = line.substr(start + name.size() + 2);
  return std::string{value.substr(0, value.find('"'))};
}

/// Calls `visit(upstream, state)` for the current state of each breaker in an exposition.
template <class Visit>
void for_each_breaker(std::string_view exposition, Visit visit) {
  constexpr std::string_view metric = "cohort_client_breaker_state{";
  for (auto start = exposition.find(metric); start != exposition.npos; start = exposition.find(metric, start + 1)) {
    const auto line = exposition.substr(start, exposition.find('\n', start) - start);
    if (!line.ends_with(" 0")) visit(label_value(line, "upstream"), label_value(line, "state"));
  }
}

task<> sample_breakers(sim::planned_fleet& fleet, duration length, std::vector<breaker_change>& changes) {
  std::map<std::pair<std::string, std::string>, std::string> states;
  const auto start = loop::current().now();
  for (auto at = sampling_interval; at <= length; at += sampling_interval) {
    auto sleep_task = sleep_until(deadline{start + at});
    if (co_await std::move(sleep_task) == wait_status::cancelled) co_return;
    for (const auto& [service, nodes] : fleet.nodes()) {
      const auto exposition = nodes.front()->metrics().prometheus_text();
      for_each_breaker(exposition, [&, &name = service](const std::string& upstream, const std::string& state) {
        auto& last = states.try_emplace({name, upstream}, "closed").first->second;
        if (last == state) return;
        last = state;
        changes.push_back({name, upstream, state, to_seconds(at)});
      });
    }
  }
}

struct percentile_us {
  std::optional<std::int64_t> value;
  bool is_lower_bound = false;
};

/// The elapsed time of a call without a response is a lower bound.
percentile_us percentile(const std::vector<const ended_call*>& calls, double probability) {
  std::vector<duration> all;
  std::vector<duration> answered;
  for (const auto* call : calls) {
    all.push_back(call->elapsed);
    if (call->status != 0) answered.push_back(call->elapsed);
  }
  if (all.empty()) return {};
  std::sort(all.begin(), all.end());
  std::sort(answered.begin(), answered.end());
  const auto rank = static_cast<std::size_t>(std::ceil(probability * static_cast<double>(all.size())));
  const auto index = rank == 0 ? 0 : rank - 1;
  const bool is_exact = index < answered.size() && answered[index] == all[index];
  return {std::chrono::ceil<std::chrono::microseconds>(all[index]).count(), !is_exact};
}

std::string outcome_of(const ended_call& call) {
  if (call.status == 0) return "no response";
  if (call.status == 429 || call.status == 503) return std::to_string(call.status);
  if (call.status >= 500) return "5xx";
  if (call.status >= 400) return "4xx";
  return call.is_partial ? "partial" : "ok";
}

observed_phase summarize(const run_phase& phase, const std::vector<ended_call>& ended_calls) {
  observed_phase totals;
  totals.name = phase.name;
  totals.start_s = phase.start_s;
  totals.length_s = phase.length_s;
  std::vector<const ended_call*> calls;
  for (const auto& call : ended_calls) {
    const auto begin = to_seconds(call.begin);
    if (begin < phase.start_s || begin >= phase.start_s + phase.length_s) continue;
    calls.push_back(&call);
    ++totals.outcomes[outcome_of(call)];
    totals.good += call.is_good ? 1 : 0;
    totals.attempts += call.attempts;
  }
  totals.calls = static_cast<std::int64_t>(calls.size());
  const auto p50 = percentile(calls, 0.5);
  const auto p99 = percentile(calls, 0.99);
  totals.p50_us = p50.value;
  totals.p99_us = p99.value;
  totals.p50_is_lower_bound = p50.is_lower_bound;
  totals.p99_is_lower_bound = p99.is_lower_bound;
  return totals;
}

std::vector<observed_second> by_second(const std::vector<ended_call>& calls, duration length) {
  std::vector<observed_second> totals(static_cast<std::size_t>(std::ceil(to_seconds(length))));
  std::vector<std::vector<const ended_call*>> answered(totals.size());
  for (const auto& call : calls) {
    const auto second = static_cast<std::size_t>(to_seconds(call.begin + call.elapsed));
    if (second >= totals.size()) continue;
    ++totals[second].ended;
    totals[second].good += call.is_good ? 1 : 0;
    if (call.status != 0) answered[second].push_back(&call);
  }
  for (std::size_t i = 0; i < totals.size(); ++i) totals[i].p99_us = percentile(answered[i], 0.99).value;
  return totals;
}

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
  // The CPU time of a model's handler is not an HTTP cost. Each call of the stack sends at most one request to a
  // service.
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

/// The figures of repeated runs.
struct merged_runs {
  /// The CPU microseconds of a call, by service.
  std::map<std::string, double> cpu_us;
  /// The median of the medians.
  double p50_us = 0;
  /// That of the run with the median of the 99th percentiles, since a short disturbance can dominate the sum.
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
  std::vector<const observed_run*> by_lag;
  for (const auto& run : runs) {
    calls += static_cast<double>(run.phases.front().calls);
    medians.push_back(run.phases.front().p50_us.value_or(0));
    for (const auto& [service, seconds] : run.cpu_s) merged.cpu_us[service] += seconds * 1e6;
    by_lag.push_back(&run);
  }
  for (auto& [service, sum] : merged.cpu_us) sum /= std::max(calls, 1.0);
  std::sort(medians.begin(), medians.end());
  merged.p50_us = static_cast<double>(medians[medians.size() / 2]);
  std::sort(by_lag.begin(), by_lag.end(), [](const observed_run* a, const observed_run* b) {
    return p99_of(a->dispatch_lag) < p99_of(b->dispatch_lag);
  });
  merged.dispatch_lag = by_lag[by_lag.size() / 2]->dispatch_lag;
  return merged;
}

}  // namespace

observed_run simulate(const sim::plan& plan, const sim::planned_scenario& scenario, double rate, duration length,
                      const sim::program_catalog& programs, std::uint64_t seed) {
  auto run_plan = plan;
  run_plan.load.calls_per_second = rate;
  run_plan.load.length = length;
  // As with loadgen, a success within the patience is goodput unless there is a deadline.
  if (!run_plan.load.deadline) run_plan.load.deadline = run_plan.load.patience;
  observed_run result;
  result.name = scenario.name;
  result.rate = rate;
  sim::planned_fleet fleet{run_plan, scenario, seed, programs};
  fleet.fleet().spawn(sample_breakers(fleet, length, result.breakers));
  const auto run = fleet.run();
  for (const auto& phase : phases_of(scenario, length)) {
    result.phases.push_back(summarize(phase, run.callers.ended));
  }
  result.seconds = by_second(run.callers.ended, length);
  for (const auto& [service, time] : run.cpu_time) result.cpu_s[service] = to_seconds(time);
  return result;
}

calibration calibrate(const sim::plan& plan, const std::vector<observed_run>& real,
                      const sim::program_catalog& programs) {
  const sim::planned_scenario no_fault{"calibration", {}};
  const auto length = plan.rehearsal->length;
  const auto run = [&](const sim::plan& candidate) {
    return simulate(candidate, no_fault, real.front().rate, length, programs, 1);
  };
  const auto measured = merge(real);
  calibration result{plan, {}, 0};
  result.plan.pauses = pauses_from_dispatch_lag(measured.dispatch_lag);
  // The number of wake-ups, and thus the CPU time, depends on the costs: each round reduces the difference from the
  // measured time.
  for (int round = 0; round < 3; ++round) {
    const auto simulated = run(result.plan);
    const auto calls = static_cast<double>(std::max<std::int64_t>(simulated.phases.front().calls, 1));
    for (auto& service : result.plan.services) {
      const auto cost_us = measured.cpu_us.find(service.name);
      if (cost_us == measured.cpu_us.end()) continue;
      const calibrated_cost cost{service.name, simulated.cpu_s.at(service.name) * 1e6 / calls, cost_us->second};
      if (round == 0) result.costs.push_back(cost);
      scale_http_costs(service, cost);
    }
  }
  // Two points determine the slope of the median over the latency of a link.
  constexpr double probe_us = 100;
  const auto median = [&](double added_us) {
    return static_cast<double>(run(with_link_latency(result.plan, added_us)).phases.front().p50_us.value_or(0));
  };
  const auto base = median(0);
  const auto slope = (median(probe_us) - base) / probe_us;
  const auto missing = measured.p50_us - base;
  result.added_latency_us = slope > 0 ? std::max(0.0, missing / slope) : 0;
  result.plan = with_link_latency(std::move(result.plan), result.added_latency_us);
  return result;
}

}  // namespace cohort::simulation::rehearsal
