// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cohort/runtime/time/clock.hpp>
#include "loadgen/measurement/request_stats.hpp"
#include "loadgen/results/baseline.hpp"
#include "loadgen/results/objective_result.hpp"
#include "loadgen/schedule/load_profile.hpp"
#include "loadgen/schedule/load_settings.hpp"

// The results of a run: collected by the engine, and shown by the reports.
namespace cohort::loadgen {

struct target_description {
  std::string name;
  std::string method;
  std::string url;
  unsigned weight = 1;
};

struct phase_report {
  std::string name;
  duration start{};
  duration length{};
  std::vector<request_stats> target_stats;  // in the order of `run_report::targets`
  request_stats totals;
};

struct interval_report {
  duration start{};
  duration length{};
  std::size_t phase = 0;
  interval_stats totals;
  std::vector<interval_stats> target_stats;  // in the order of `run_report::targets`
  std::uint64_t in_flight = 0;               // at the end of the interval
  std::uint64_t waiting = 0;                 // for a connection, at the end of the interval
  double busiest_worker_cpu = 0;             // fraction of a CPU, from 0 to 1
};

/// Metrics of a server over the run, from its `/metrics`.
struct server_report {
  std::string url;
  /// The target that the server serves; empty if there are several.
  std::string target;
  std::uint64_t sent = 0;    // by this generator
  std::uint64_t served = 0;  // from the server's counter
  std::optional<std::uint64_t> p99_us;
  /// The p99 of the service time, measured by the generator. The difference from `p99_us` is the time in the network
  /// and in queues before the server's measurement.
  std::uint64_t client_p99_us = 0;
  struct phase_metrics {
    std::string phase;
    std::optional<double> cpu_cores;
    std::optional<double> resident_bytes;
    std::optional<std::uint64_t> p99_us;
    std::uint64_t served = 0;
  };
  std::vector<phase_metrics> phases;
  /// The reason why metrics are missing; empty if they were read.
  std::string failure;
};

/// The result of a knee search: the highest rate that meets the objectives.
struct knee_report {
  struct trial {
    request_rate rate;
    bool is_met = false;
    bool is_valid = true;  // false: the generator was the bottleneck
    percentile_value p99;
    double error_rate = 0;
    double answered_per_second = 0;
    std::string reason;  // the missed objective, or the reason why the trial is invalid
  };
  std::vector<trial> trials;
  /// The highest confirmed rate; empty if no rate met the objectives.
  std::optional<request_rate> capacity;
  /// False if no higher rate missed the objectives: the capacity is at least this rate.
  bool is_bounded = false;
};

enum class verdict_kind { passed, objective_failed, interrupted, invalid, regression };

struct run_verdict {
  verdict_kind kind = verdict_kind::passed;
  /// Reasons for the verdict as sentences, in descending order of importance.
  std::vector<std::string> reasons;
  /// The limits that the generator reached, which make the run invalid: see `generator_limit::name`.
  std::vector<std::string_view> limited_by;
  /// Remarks that do not affect the verdict, as sentences.
  std::vector<std::string> hints;
  std::vector<objective_result> objectives;

  int exit_status() const noexcept;        // 0, 99, 105, 120, 121
  std::string_view word() const noexcept;  // `PASS`, `FAIL`, `INTERRUPTED`, `INVALID`, `REGRESSION`
};

struct generator_report {
  unsigned threads = 1;
  unsigned connections = 0;
  double busiest_worker_cpu = 0;  // fraction of a CPU, over the run
  double cpu_seconds = 0;
  std::uint64_t peak_resident_bytes = 0;
};

struct run_report {
  std::string mode;
  wall_time start_time{};
  /// The settings that two runs must share to be comparable, in a fixed order: `("mode", "spike")`, `("rate", "5")`…
  std::vector<std::pair<std::string, std::string>> fingerprint;
  std::vector<target_description> targets;
  /// The mean of the load profile, in requests per second. Empty in a closed loop, which plans no requests.
  std::optional<double> planned_rate{0.0};
  duration planned_duration{};
  duration run_duration{};  // until the last response
  std::optional<duration> deadline;
  caller_settings callers;
  std::vector<phase_report> phases;
  std::vector<request_stats> target_stats;  // in the order of `targets`
  request_stats totals;
  std::vector<interval_report> intervals;
  generator_report generator;
  std::vector<server_report> servers;
  std::optional<knee_report> knee;
  std::optional<baseline_comparison> baseline;
  run_verdict verdict;

  /// See `load_settings::goodput_limit`.
  std::optional<duration> goodput_limit() const noexcept { return deadline ? deadline : callers.patience; }
  /// Whether callers abandon attempts or retry.
  bool has_callers() const noexcept { return callers.patience.has_value() || callers.max_retries > 0; }
  bool is_closed_loop() const noexcept { return !planned_rate; }
  /// The statistics of the target with this name, or the totals if no target has this name.
  const request_stats& stats_of(std::string_view target) const noexcept;
};

}  // namespace cohort::loadgen
