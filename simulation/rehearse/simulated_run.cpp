// SPDX-License-Identifier: BSL-1.0
#include "simulation/rehearse/simulated_run.hpp"

#include <algorithm>
#include <cmath>

#include <cohort/runtime/concurrency/wait_queue.hpp>
#include "loadgen/measurement/idle_responses.hpp"
#include "simulation/rehearse/real_plan.hpp"

namespace cohort::simulation::rehearsal {
namespace {

using ended_call = sim::caller_results::ended_call;

/// The polling interval of the breaker states, equal to that of a real run.
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
    totals.good += call.is_goodput ? 1 : 0;
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

std::vector<observed_second> summarize_seconds(const std::vector<ended_call>& calls, duration length) {
  std::vector<observed_second> totals(static_cast<std::size_t>(std::ceil(to_seconds(length))));
  std::vector<std::vector<const ended_call*>> answered(totals.size());
  for (const auto& call : calls) {
    const auto second = static_cast<std::size_t>(to_seconds(call.begin + call.elapsed));
    if (second >= totals.size()) continue;
    ++totals[second].ended;
    totals[second].good += call.is_goodput ? 1 : 0;
    if (call.status != 0) answered[second].push_back(&call);
  }
  for (std::size_t i = 0; i < totals.size(); ++i) totals[i].p99_us = percentile(answered[i], 0.99).value;
  return totals;
}

/// The idle time of a call is the time since the end of the last call, as in loadgen's report.
std::vector<observed_idle_group> response_after_idle(std::vector<ended_call> calls) {
  std::sort(calls.begin(), calls.end(), [](const ended_call& a, const ended_call& b) { return a.begin < b.begin; });
  loadgen::idle_responses responses;
  duration last_end = duration::max();
  for (const auto& call : calls) {
    const bool was_idle = call.begin >= last_end;
    if (was_idle && call.status != 0 && call.attempts == 1) responses.record(call.begin - last_end, call.elapsed);
    const auto end = call.begin + call.elapsed;
    last_end = last_end == duration::max() ? end : std::max(last_end, end);
  }
  std::vector<observed_idle_group> groups;
  for (const auto& group : responses.summarize()) {
    groups.push_back({static_cast<std::int64_t>(group.idle_us), static_cast<std::int64_t>(group.count),
                      static_cast<std::int64_t>(group.p50_us)});
  }
  return groups;
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
  result.seconds = summarize_seconds(run.callers.ended, length);
  result.response_after_idle = response_after_idle(run.callers.ended);
  for (const auto& [service, time] : run.cpu_time) result.cpu_s[service] = to_seconds(time);
  return result;
}

}  // namespace cohort::simulation::rehearsal
