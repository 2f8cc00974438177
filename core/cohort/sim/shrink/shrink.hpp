// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include <cohort/sim/shrink/schedule.hpp>

namespace cohort::sim {

/// Runs a schedule in a new fleet. Returns the kind of the run's failure, or an empty string if the run passes. The
/// kind identifies the failure and contains no numbers or times: a smaller schedule is accepted only if it fails with
/// the same kind. The result must depend on the argument only.
using failure_test = std::function<std::string(const schedule&)>;

struct shrink_settings {
  /// Maximum number of runs.
  std::size_t max_runs = 5'000;
  /// Number of seeds tried for each smaller schedule. Without an event, a run draws other random numbers, so the same
  /// failure may need another seed.
  std::size_t seeds_per_candidate = 8;
};

struct shrink_result {
  /// The smallest schedule that was found. If any event, node or parameter is removed, the schedule passes or fails
  /// differently, unless `max_runs` was reached.
  sim::schedule schedule;
  /// The kind of the failure.
  std::string failure;
  std::size_t runs = 0;
};

/// Reduces a failing schedule to the fewest events, nodes and parameters whose failure is of the same kind, and rounds
/// its times. The same arguments give the same result. Throws `std::invalid_argument` if the schedule passes. Source:
/// ddmin of Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input" (2002).
shrink_result shrink(const schedule& failing_schedule, const failure_test& run, const shrink_settings& settings = {});

/// Limits of a run in a separate process.
struct isolation_limits {
  std::chrono::seconds cpu_time{10};
  /// Time limit, which terminates runs that never complete.
  std::chrono::seconds elapsed_time{60};
  /// Limit of the address space. Ignored in programs with a sanitizer.
  std::size_t memory_bytes = std::size_t{2} << 30U;
};

/// A test that executes each run in a separate process, so that crashes, endless loops and exhausted memory are also
/// kinds of failures: `signal 11`, `time limit exceeded`. Precondition of a run: the process has one thread.
failure_test isolate(failure_test run, isolation_limits limits = {});

/// The parts of a generated test that depend on the program.
struct test_template {
  /// Headers, such as `"tests/my_fleet.hpp"`, with their quotes or brackets.
  std::vector<std::string> headers;
  /// The name of a function of the type `failure_test`.
  std::string run_function;
  /// Catch2 tags.
  std::string tags = "[sim][regression]";
};

/// The source file of a Catch2 test that fails if the schedule fails.
std::string to_catch2_test(const shrink_result& result, const test_template& parts);

}  // namespace cohort::sim
