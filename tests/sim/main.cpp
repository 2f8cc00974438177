// SPDX-License-Identifier: BSL-1.0
// Runs the simulated stack once for each of a range of seeds, and reports the seeds that violate an invariant.
#include <chrono>
#include <cstdio>
#include <iostream>
#include <optional>

#include <cohort/config/options.hpp>
#include <cohort/runtime/version.hpp>
#include "tests/sim/run.hpp"

namespace cohort::test {
namespace {

struct run_options {
  std::int64_t first_seed = 1;
  std::int64_t seed_count = 1000;
  std::int64_t repeat_interval = 10;
  std::int64_t max_failure_count = 5;
  std::chrono::seconds max_run_time{std::chrono::hours{24}};
  bool should_print_timeline = false;
  bool should_print_schedule = false;
  bool should_shrink_failures = false;
  std::optional<std::int64_t> shrunk_seed;
  std::string test_file;
  bool should_audit = false;
  bool should_print_json = false;
};

run_result run_seed(std::uint64_t seed, bool should_print_timeline) {
  using mode = sim::event_log::mode;
  auto result = run_schedule(draw_schedule(seed), should_print_timeline ? mode::timeline : mode::hash);
  if (should_print_timeline) std::cout << result.timeline;
  return result;
}

void add_options(config::options& options, run_options& values) {
  options.add(values.first_seed, {"--seed", "", "First seed"}, config::integer(0, INT64_MAX / 2), "1");
  options.add(values.seed_count, {"--seeds", "", "Number of seeds, in ascending order"},
              config::integer(1, INT64_MAX / 2), "1000");
  options.add(values.repeat_interval, {"--repeat-every", "", "Run every Nth seed twice and compare the event hashes"},
              config::integer(1, INT64_MAX / 2), "10");
  options.add(values.max_failure_count, {"--failures", "", "Stop after this number of failed seeds"},
              config::integer(1, 1'000'000), "5");
  options.add(values.max_run_time, {"--seconds", "", "Start no seed after this time"}, config::seconds(1, 86'400),
              "86400");
  options.add_switch(values.should_print_timeline, "--timeline", "Print all events");
  options.add_switch(values.should_print_schedule, "--schedule",
                     "Print the random values of the first seed without running it");
  options.add_switch(values.should_audit, "--audit", "Report how a long run of the first seed uses deadlines");
  options.add_switch(values.should_print_json, "--json", "Print the report of --audit as JSON");
  options.add_switch(values.should_shrink_failures, "--shrink-failures", "Shrink each seed that fails");
  options.add(values.shrunk_seed,
              {"--shrink", "", "Reduce the run of this seed, which must fail, to the fewest events that still fail"},
              config::integer(0, INT64_MAX / 2), "none");
  options.add(values.test_file, {"--test-file", "", "File for the Catch2 test of --shrink"}, config::text(), "");
}

void print_failure(const char* program, std::uint64_t seed, const std::vector<violation>& violations) {
  std::cout << "seed " << seed << " fails:\n";
  for (const auto& violation : violations) std::cout << "  " << violation.message << "\n";
  std::cout << "  reproduce with all events: " << program << " --seed " << seed << " --seeds 1 --timeline\n"
            << "  reduce to the fewest events: " << program << " --shrink " << seed << "\n";
  std::cout.flush();
}

int run(const char* program, const run_options& options) {
  const auto start = std::chrono::steady_clock::now();
  run_result totals;
  std::int64_t failure_count = 0;
  std::int64_t run_count = 0;
  const auto has_time_left = [&] { return std::chrono::steady_clock::now() - start < options.max_run_time; };
  for (; run_count < options.seed_count && failure_count < options.max_failure_count && has_time_left(); ++run_count) {
    const auto seed = static_cast<std::uint64_t>(options.first_seed + run_count);
    auto result = run_seed(seed, options.should_print_timeline);
    if (run_count % options.repeat_interval == 0 && run_seed(seed, false).hash != result.hash) {
      result.violations.push_back({"not deterministic", "the second run of the seed differs from the first"});
    }
    if (!result.violations.empty()) {
      ++failure_count;
      print_failure(program, seed, result.violations);
      if (options.should_shrink_failures) shrink_and_print(seed, {});
    }
    totals.hash = totals.hash * 31 + result.hash;
    totals.event_count += result.event_count;
    totals.request_count += result.request_count;
  }
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  std::printf("%lld seeds, %lld failed: %llu requests, %llu events, hash %016llx; %.1f s, %.0f seeds per minute\n",
              static_cast<long long>(run_count), static_cast<long long>(failure_count),
              static_cast<unsigned long long>(totals.request_count),
              static_cast<unsigned long long>(totals.event_count), static_cast<unsigned long long>(totals.hash),
              elapsed.count(), static_cast<double>(run_count) / elapsed.count() * 60);
  return failure_count == 0 ? 0 : 1;
}

}  // namespace
}  // namespace cohort::test

int main(int argc, char** argv) {
  using namespace cohort;
  test::run_options values;
  config::options options{"fleet-simulation", "Simulates the four services as a fleet, once for each seed",
                          std::string{version()}};
  test::add_options(options, values);
  if (const auto exit = options.parse(argc, argv, {})) {
    (exit->status == 0 ? std::cout : std::cerr) << exit->text;
    return exit->status;
  }
  const auto seed = static_cast<std::uint64_t>(values.shrunk_seed.value_or(values.first_seed));
  if (values.should_print_schedule) {
    std::cout << sim::to_text(test::draw_schedule(seed));
    return 0;
  }
  if (values.should_audit) return test::audit_and_print(seed, values.should_print_json) == 0 ? 0 : 1;
  if (values.shrunk_seed) return test::shrink_and_print(seed, values.test_file) ? 0 : 2;
  return test::run(argv[0], values);
}
