// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/sim/invariants.hpp"

namespace cohort::test {

struct run_result {
  std::uint64_t hash = 0;
  std::uint64_t event_count = 0;
  std::uint64_t request_count = 0;
  std::vector<violation> violations;
  /// All events, and a summary that fits on one screen; empty unless recorded.
  std::string timeline;
  std::string summary;
};

/// Runs the four services once. An exception is also a violation, for example because all coroutines are deadlocked.
run_result run_schedule(const sim::schedule& run, sim::event_log::mode recorded = sim::event_log::mode::hash);

/// Returns the kind of the first violation; the result is empty without one.
std::string failure_of(const sim::schedule& run);

/// Shrinks the run of a seed and prints the result: the removed events, a test and a timeline. Each run is a separate
/// process. The test is also written to `test_file`, unless `test_file` is empty. Returns false if the seed does not
/// fail.
bool shrink_and_print(std::uint64_t seed, const std::string& test_file);

/// Prints how the services propagate and use deadlines in a long run, as text or JSON. Returns the number of findings.
std::size_t audit_and_print(std::uint64_t seed, bool should_print_json);

}  // namespace cohort::test
