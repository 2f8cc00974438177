// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

// The results of a run of a plan, simulated or with real programs. In JSON, they are exchanged with the command that
// runs the real programs.
namespace cohort::simulation::rehearsal {

/// Calls that ended in one second.
struct observed_second {
  std::int64_t ended = 0;
  std::int64_t good = 0;
  /// Response time in microseconds of the calls with a response.
  std::optional<std::int64_t> p99_us;
};
BOOST_DESCRIBE_STRUCT(observed_second, (), (ended, good, p99_us))

/// Calls that started in a part of the run: before, during or after a fault.
struct observed_phase {
  std::string name;
  double start_s = 0;
  double length_s = 0;
  std::int64_t calls = 0;
  std::int64_t good = 0;
  /// Number of attempts, including retries.
  std::int64_t attempts = 0;
  /// Calls by the result of the last attempt: `ok`, `partial`, `429`, `503`, `4xx`, `5xx`, `no response`.
  std::map<std::string, std::int64_t> outcomes;
  std::optional<std::int64_t> p50_us;
  std::optional<std::int64_t> p99_us;
  /// Whether the percentile falls among calls without a response, whose time is only a lower bound.
  bool p50_is_lower_bound = false;
  bool p99_is_lower_bound = false;
};
BOOST_DESCRIBE_STRUCT(observed_phase, (),
                      (name, start_s, length_s, calls, good, attempts, outcomes, p50_us, p99_us, p50_is_lower_bound,
                       p99_is_lower_bound))

struct breaker_change {
  std::string service;
  std::string upstream;
  /// `closed`, `open` or `half_open`.
  std::string state;
  /// The time of the observation; the states are read ten times per second.
  double at_s = 0;
};
BOOST_DESCRIBE_STRUCT(breaker_change, (), (service, upstream, state, at_s))

/// Calls that started late.
struct observed_lag {
  /// The delay between the planned and the actual start.
  std::int64_t lag_us = 0;
  std::int64_t calls = 0;
};
BOOST_DESCRIBE_STRUCT(observed_lag, (), (lag_us, calls))

/// Calls that started while no other call was in flight, after similar idle times.
struct observed_idle_group {
  /// The mean time since the end of the last call.
  std::int64_t idle_us = 0;
  std::int64_t calls = 0;
  /// Median response time.
  std::int64_t p50_us = 0;
};
BOOST_DESCRIBE_STRUCT(observed_idle_group, (), (idle_us, calls, p50_us))

struct observed_run {
  /// The name of the scenario, or the rate of a run without faults.
  std::string name;
  double rate = 0;
  std::vector<observed_second> seconds;
  std::vector<observed_phase> phases;
  std::vector<breaker_change> breakers;
  /// The CPU time of each service, in seconds.
  std::map<std::string, double> cpu_s;
  /// The reason why the load generator could not produce the planned load; empty if it could.
  std::string invalid_reason;
  /// The dispatch lag of the load generator in ascending order; empty for a simulated run.
  std::vector<observed_lag> dispatch_lag;
  /// Groups in ascending order of the idle times.
  std::vector<observed_idle_group> response_after_idle;
};
BOOST_DESCRIBE_STRUCT(observed_run, (),
                      (name, rate, seconds, phases, breakers, cpu_s, invalid_reason, dispatch_lag, response_after_idle))

/// The runs of a plan with real programs. A repeated calibration, scenario or rate has several runs.
struct real_runs {
  std::string machine;
  /// Runs without faults, all at the same rate; at least one.
  std::vector<observed_run> calibrations;
  /// Runs without faults at a rate so low that the cores are mostly idle.
  std::vector<observed_run> single_calls;
  std::vector<observed_run> rates;
  std::vector<observed_run> scenarios;
};
BOOST_DESCRIBE_STRUCT(real_runs, (), (machine, calibrations, single_calls, rates, scenarios))

}  // namespace cohort::simulation::rehearsal
