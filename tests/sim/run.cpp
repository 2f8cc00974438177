// SPDX-License-Identifier: BSL-1.0
#include "tests/sim/run.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>

#include <cohort/sim/shrink/shrink.hpp>

namespace cohort::test {
namespace {

/// Limits of a run; a run needs less than a tenth of both.
constexpr sim::isolation_limits limits{.cpu_time = std::chrono::seconds{10}, .memory_bytes = std::size_t{512} << 20U};

std::vector<violation> run_and_check(simulated_stack& stack) {
  try {
    const auto reports = stack.run_load();
    return check_invariants(stack, reports);
  } catch (const std::exception& exception) {
    return {{"exception", std::string{"exception: "} + exception.what()}};
  }
}

/// The test returns `expected_kind` if the run has such a violation, otherwise the result of `failure_of`.
sim::failure_test failure_test_for(std::string expected_kind) {
  return [expected_kind = std::move(expected_kind)](const sim::schedule& run) {
    const auto violations = run_schedule(run).violations;
    if (violations.empty()) return std::string{};
    const bool has_expected_kind = std::ranges::find(violations, expected_kind, &violation::kind) != violations.end();
    return has_expected_kind ? expected_kind : violations.front().kind;
  };
}

std::string run_and_summarize(const sim::schedule& run) {
  const auto result = run_schedule(run, sim::event_log::mode::timeline);
  std::string text = result.summary;
  for (const auto& violation : result.violations) text.append("  ").append(violation.message).append("\n");
  return text;
}

void print_counts(const char* when, const sim::schedule& run) {
  const auto request_count = std::ranges::count(run.events, sim::event_action::request, &sim::scheduled_event::action);
  std::printf("  %-7s %4zu events: %td requests, %zu faults; %zu nodes, %zu parameters\n", when, run.events.size(),
              request_count, run.events.size() - static_cast<std::size_t>(request_count), run.nodes.size() + 1,
              run.parameters.size());
}

}  // namespace

run_result run_schedule(const sim::schedule& run, sim::event_log::mode recorded) {
  simulated_stack stack{run, recorded};
  auto violations = run_and_check(stack);
  const auto& events = stack.fleet.event_log();
  return {events.hash(),         events.event_count(), stack.fleet.recorder().exchanges().size(),
          std::move(violations), events.text(),        events.summary()};
}

std::string failure_of(const sim::schedule& run) { return failure_test_for({})(run); }

bool shrink_and_print(std::uint64_t seed, const std::string& test_file) {
  const auto start = std::chrono::steady_clock::now();
  const auto original = draw_schedule(seed);
  const auto kind = sim::isolate(failure_of, limits)(original);
  if (kind.empty()) {
    std::printf("seed %llu passes\n", static_cast<unsigned long long>(seed));
    return false;
  }
  const auto shrunk = sim::shrink(original, sim::isolate(failure_test_for(kind), limits));
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  std::printf("seed %llu: %s; shrunk from %zu to %zu events in %zu runs, %.1f s\n",
              static_cast<unsigned long long>(seed), kind.c_str(), original.events.size(),
              shrunk.schedule.events.size(), shrunk.runs, elapsed.count());
  print_counts("before", original);
  print_counts("after", shrunk.schedule);
  const auto test = sim::to_catch2_test(
      shrunk,
      {.headers = {"\"tests/sim/run.hpp\""}, .run_function = "cohort::test::failure_of", .tags = "[sim][regression]"});
  std::printf("\ntest, for tests/sim/regressions:\n\n%s\ntimeline:\n\n%s", test.c_str(),
              sim::isolate(run_and_summarize, limits)(shrunk.schedule).c_str());
  std::fflush(stdout);
  if (!test_file.empty()) {
    std::ofstream file{test_file};
    file << "// SPDX-License-Identifier: BSL-1.0\n" << test;
    if (!file.flush()) throw std::runtime_error(test_file + " cannot be written");
  }
  return true;
}

std::size_t audit_and_print(std::uint64_t seed, bool should_print_json) {
  const auto original = draw_long_schedule(seed);
  simulated_stack stack{original, sim::event_log::mode::hash, true};
  stack.run_load();
  stack.fleet.run_for(std::chrono::seconds{20});
  const auto report = stack.audit->report();
  std::cout << (should_print_json ? report.json() + "\n" : report.text());
  return report.findings.size();
}

}  // namespace cohort::test
