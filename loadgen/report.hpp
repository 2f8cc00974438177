#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/runtime/clock.hpp"
#include "loadgen/baseline.hpp"
#include "loadgen/histogram.hpp"
#include "loadgen/objective.hpp"
#include "loadgen/outcome.hpp"
#include "loadgen/plan.hpp"

// What a run found out, as the outputs show it. Made by the engine, merged from its workers.
namespace cohort::loadgen {

/// Of some requests: a target's in a phase, or sums of those.
struct tally {
  /// Meant to start. In a run that was not interrupted, the sum of `outcomes`.
  std::uint64_t planned = 0;
  /// Given to the kernel in whole.
  std::uint64_t sent = 0;
  outcome_counts outcomes{};
  /// Successes within `--deadline` of the intended start; zero without it.
  std::uint64_t on_time = 0;
  std::map<unsigned, std::uint64_t> statuses;
  std::uint64_t bytes_received = 0;
  std::uint64_t connections_opened = 0;

  censored_histogram response;  // done − intended: what a caller would have waited; of all answers, whatever status
  histogram service;            // done − sent
  histogram dispatch_lag;       // woke − intended: the generator's own lateness
  histogram connection_wait;    // sent − woke

  void add(const tally& other);
  /// Requests that became no success, over all that became something; zero of none.
  double error_rate() const noexcept;
};

/// A second of the run, of one target or of all. An answer belongs to the second in which it came.
struct interval_tally {
  std::uint64_t planned = 0;
  std::uint64_t sent = 0;
  std::uint64_t answered = 0;
  std::uint64_t failed = 0;  // became no success
  std::uint64_t ended = 0;   // answered or failed; an answer that is no success is both, so it is not their sum
  std::uint64_t p50_us = 0;  // response; zero where nothing was answered
  std::uint64_t p90_us = 0;
  std::uint64_t p99_us = 0;
  std::uint64_t max_us = 0;
};

struct interval {
  duration start{};
  duration length{};
  std::size_t phase = 0;
  interval_tally all;
  std::vector<interval_tally> targets;  // in the order of `report::targets`
  std::uint64_t in_flight = 0;          // at its end
  std::uint64_t waiting = 0;            // for a connection, at its end
  double busiest_worker_cpu = 0;        // share of its time; 1 is a whole processor
};

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
  std::vector<tally> targets;
  tally all;
};

/// What a server said of itself at its `/metrics`, over the run.
struct server_side {
  std::string url;
  /// The target that it serves, empty if more than one.
  std::string target;
  std::uint64_t sent = 0;    // by us
  std::uint64_t served = 0;  // by its own count
  std::optional<std::uint64_t> p99_us;
  /// Ours, of the service time: what lies between the two is the network and the queues before the server's clock.
  std::uint64_t client_p99_us = 0;
  struct during_phase {
    std::string phase;
    std::optional<double> cpu_cores;
    std::optional<double> resident_bytes;
    std::optional<std::uint64_t> p99_us;
    std::uint64_t served = 0;
  };
  std::vector<during_phase> phases;
  /// Why there is nothing, if there is nothing.
  std::string failure;
};

/// Searching for the greatest rate at which the objectives hold.
struct knee_result {
  struct probe {
    request_rate rate;
    bool held = false;
    bool is_valid = true;  // else the generator gave out, and it says nothing of the server
    percentile_value p99;
    double error_rate = 0;
    double answered_per_second = 0;
    std::string why;  // the objective that broke, or why the probe says nothing
  };
  std::vector<probe> probes;
  /// The greatest rate that held and was confirmed; nothing if not even the first did.
  std::optional<request_rate> capacity;
  /// If false, no rate was found that breaks it: the capacity is at least this.
  bool bounded = false;
};

enum class verdict_kind { passed, objective_failed, interrupted, invalid, regression };

struct verdict {
  verdict_kind kind = verdict_kind::passed;
  /// Whole sentences; the first says the most.
  std::vector<std::string> reasons;
  std::vector<objective_result> objectives;

  int exit_status() const noexcept;        // 0, 99, 105, 120, 121
  std::string_view word() const noexcept;  // `PASS`, `FAIL`, `INTERRUPTED`, `INVALID`, `REGRESSION`
};

struct generator_side {
  unsigned threads = 1;
  unsigned connections = 0;
  double busiest_worker_cpu = 0;  // over the run
  double cpu_seconds = 0;
  std::uint64_t peak_resident_bytes = 0;
};

struct report {
  std::string mode;
  wall_time started{};
  /// What a run must share with another to be compared with it, in a fixed order: `("mode", "spike")`, `("rate", "5")`…
  std::vector<std::pair<std::string, std::string>> fingerprint;
  std::vector<target_description> targets;
  bool closed_loop = false;
  double planned_per_second = 0;  // mean; zero in a closed loop
  duration planned_length{};
  duration took{};  // until the last answer
  std::optional<duration> deadline;
  std::vector<phase_report> phases;
  std::vector<tally> by_target;
  tally all;
  std::vector<interval> intervals;
  generator_side generator;
  std::vector<server_side> servers;
  std::optional<knee_result> knee;
  std::optional<comparison> baseline;
  verdict outcome;
};

}  // namespace cohort::loadgen
