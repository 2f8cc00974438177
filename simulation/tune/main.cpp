// SPDX-License-Identifier: BSL-1.0
// Searches for the best policies of upstream calls by simulating a plan.
#include <chrono>
#include <iostream>

#include <cohort/config/options.hpp>
#include <cohort/config/small_file.hpp>
#include "simulation/programs/programs.hpp"
#include "simulation/report/page.hpp"
#include "simulation/report/program.hpp"
#include "simulation/tune/held_out.hpp"
#include "simulation/tune/tuner_report.hpp"

namespace cohort::simulation {
namespace {

enum exit_status { success = 0, output_failed = 1, invalid_input = 2, objective_not_met = 3 };

struct program_options {
  std::string plan_file;
  std::string html_file = "none";
  std::string json_file = "none";
  std::int64_t held_out = 0;
  std::int64_t held_out_seed = 2;
  std::int64_t held_out_run_count = 5;
  std::int64_t candidate_count = 32;
  std::int64_t first_round_seed_count = 2;
  std::int64_t thread_count = 2;
  std::int64_t seed = 1;
  std::chrono::seconds max_time{60};

  void add_to(config::options& options) {
    options.add(plan_file, {"--plan", "", "Required: file of the plan (docs/guide/deciding-by-simulation.md)"},
                config::text());
    options.add(html_file, {"--html", "", "File for the report with a chart"}, config::text(), "none");
    options.add(
        held_out,
        {"--held-out", "",
         "Number of random scenarios that are not part of the search, to compare the result with the plan's settings"},
        config::integer(0, 10'000), "0");
    options.add(held_out_seed, {"--held-out-seed", "", "Seed of these scenarios"}, config::integer(1, INT64_MAX), "2");
    options.add(held_out_run_count, {"--held-out-runs", "", "Number of runs of each of these scenarios and settings"},
                config::integer(2, 1000), "5");
    options.add(json_file, {"--json", "", "File for the choice and the comparison with the plan's own settings"},
                config::text(), "none");
    options.add(candidate_count, {"--candidates", "", "Number of policy combinations to try"},
                config::integer(1, 100'000), "32");
    options.add(first_round_seed_count,
                {"--first-seeds", "", "Seeds of the first round; each further round doubles them"},
                config::integer(1, 1000), "2");
    options.add(thread_count, {"--threads", "", "Simulation threads"}, config::integer(1, 256), "2");
    options.add(seed, {"--seed", "", "Seed of the choices and of the runs"}, config::integer(1, 1'000'000), "1");
    options.add(max_time, {"--seconds", "", "Time after which no further round starts"}, config::seconds(1, 86'400),
                "60");
  }
  sim::tuner_settings settings() const {
    sim::tuner_settings tuner;
    tuner.candidates = static_cast<std::size_t>(candidate_count);
    tuner.first_round_seeds = static_cast<std::size_t>(first_round_seed_count);
    tuner.threads = static_cast<std::size_t>(thread_count);
    tuner.seed = static_cast<std::uint64_t>(seed);
    return tuner;
  }
  held_out_settings comparison() const {
    held_out_settings result;
    result.count = static_cast<std::size_t>(held_out);
    result.seed = static_cast<std::uint64_t>(held_out_seed);
    // This seed differs from the seed of the search, so that the runs are independent of the search.
    result.comparison = {static_cast<std::size_t>(held_out_run_count), static_cast<std::size_t>(thread_count),
                         static_cast<std::uint64_t>(seed) + 1};
    return result;
  }
};

int fail(const std::string& message) {
  std::cerr << "cohort-tune: " << message << "\n";
  return invalid_input;
}

bool write_report(const std::string& file, const std::string& content) {
  if (file == "none" || write_file(file, content)) return true;
  std::cerr << "cohort-tune: cannot write " << file << "\n";
  return false;
}

int report(const program_options& options, const sim::plan& plan, const sim::program_catalog& programs,
           const sim::tuner_result& result, const std::string& command) {
  std::cout << text_report(plan, result);
  const auto& best = result.choices.front();
  if (best.score.violation.empty()) {
    std::cout << "\nbest settings:\n";
    for (const auto& line : best.lines()) std::cout << "  " << line << "\n";
    if (best.settings.empty()) std::cout << "  (the plan's own)\n";
  }
  std::vector<sim::scenario_comparison> held_out;
  if (options.held_out > 0) {
    held_out = compare_in_held_out_scenarios(plan, programs, best.settings, options.comparison());
    std::cout << text_report(held_out, options.comparison());
  }
  if (!write_report(options.html_file, html_report(plan, result, command)) ||
      !write_report(options.json_file, json_report(best, held_out))) {
    return output_failed;
  }
  if (best.score.violation.empty()) return success;
  std::cerr << "cohort-tune: no choice meets the objective; for the best choice, " << best.score.violation << "\n";
  return objective_not_met;
}

int run(const program_options& options, const std::string& command) {
  const auto text = config::read_small_file(options.plan_file, sim::max_plan_file_bytes);
  if (!text.error.empty()) return fail("--plan is \"" + options.plan_file + "\", which cannot be read: " + text.error);
  const auto programs = stack_programs();
  const auto plan = sim::parse_plan(text.text, std::filesystem::path{options.plan_file}.parent_path(), program_names());
  if (!plan) return fail(options.plan_file + ": " + plan.error());
  if (const auto error = sim::find_unknown_variable(*plan, programs)) return fail(options.plan_file + ": " + *error);
  if (plan->search_spaces.empty())
    return fail(options.plan_file + ": tune is required. It lists the policies to search");

  if (options.held_out > 0) {
    if (!plan->random_scenarios) {
      return fail(options.plan_file +
                  ": random_scenarios is required by --held-out. It lists the services that can "
                  "have faults");
    }
    if (options.comparison().seed == plan->random_scenarios->seed) {
      return fail("--held-out-seed is " + std::to_string(options.held_out_seed) +
                  ", but must differ from random_scenarios.seed of the plan, whose scenarios the search uses");
    }
  }

  const auto start = std::chrono::steady_clock::now();
  bool has_ended_early = false;
  const auto result = sim::tune_policies(*plan, programs, options.settings(), [&] {
    has_ended_early = std::chrono::steady_clock::now() - start > options.max_time;
    return !has_ended_early;
  });
  const auto elapsed = to_seconds(std::chrono::steady_clock::now() - start);
  std::cerr << result.runs << " simulated runs in " << static_cast<int>(elapsed + 0.5) << " s\n";
  if (has_ended_early)
    std::cerr << "cohort-tune: --seconds ended the search early: the ranking depends on the machine\n";
  return report(options, *plan, programs, result, command);
}

}  // namespace
}  // namespace cohort::simulation

int main(int argc, char** argv) {
  using namespace cohort;
  return simulation::run_program(
      "cohort-tune", "Searches for the best timeouts, retries, hedging and breakers by simulation of a plan", argc,
      argv, simulation::run);
}
