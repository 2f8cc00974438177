// SPDX-License-Identifier: BSL-1.0
// Simulates a plan and compares the result with runs on real programs. `./dev rehearse PLAN` runs the simulation and
// the real programs.
#include <algorithm>
#include <iostream>

#include <cohort/config/options.hpp>
#include <cohort/config/small_file.hpp>
#include <cohort/json/decode.hpp>
#include "simulation/programs/programs.hpp"
#include "simulation/rehearse/real_plan.hpp"
#include "simulation/rehearse/report.hpp"
#include "simulation/rehearse/simulated_run.hpp"
#include "simulation/report/page.hpp"
#include "simulation/report/program.hpp"

namespace cohort::simulation {
namespace {

using namespace rehearsal;

enum exit_status { success = 0, output_failed = 1, invalid_input = 2 };

struct program_options {
  std::string plan_file;
  std::string real_file = "none";
  std::string html_file = "none";
  std::int64_t seed = 1;

  void add_to(config::options& options) {
    options.add(plan_file, {"--plan", "", "Required: file of the plan (docs/rehearse.md)"}, config::text());
    options.add(
        real_file,
        {"--real", "", "File of measurements of the real programs; without it, the plan for their runs is printed"},
        config::text(), "none");
    options.add(html_file, {"--html", "", "File for the report with charts"}, config::text(), "none");
    options.add(seed, {"--seed", "", "Seed of the simulated runs"}, config::integer(0, INT64_MAX), "1");
  }
};

int fail(const std::string& message) {
  std::cerr << "cohort-rehearse: " << message << "\n";
  return invalid_input;
}

/// The number of simulated runs of each rate. The reports show the run with the median 99th percentile.
constexpr std::uint64_t runs_of_rate = 5;

/// Simulates a rate without faults.
observed_run simulate_rate(const sim::plan& plan, double rate, const sim::program_catalog& programs,
                           std::uint64_t seed) {
  std::vector<observed_run> runs;
  for (std::uint64_t i = 0; i < runs_of_rate; ++i) {
    runs.push_back(simulate(plan, {name_of_rate(rate), {}}, rate, plan.rehearsal->length, programs, seed + i));
  }
  std::sort(runs.begin(), runs.end(), [](const observed_run& a, const observed_run& b) {
    return a.phases.front().p99_us.value_or(0) < b.phases.front().p99_us.value_or(0);
  });
  return std::move(runs[runs.size() / 2]);
}

/// The reasons why predictions at this rate are outside the model's range of validity, other than a load above that of
/// the calibration.
std::vector<std::string> find_warnings(double rate, const sim::plan& plan, const calibration& calibrated) {
  auto warnings = plan.warnings;
  if (!calibrated.has_idle_times && rate * 1.1 < calibrated.rate) {
    warnings.emplace_back(
        "too few calls of the calibration started after an idle time, so the slowdown of idle cores was not measured");
  }
  return warnings;
}

/// Returns the real runs with this name. There can be several, because a plan can repeat each run.
std::vector<observed_run> runs_of(const std::string& name, const std::vector<observed_run>& runs) {
  std::vector<observed_run> found;
  for (const auto& run : runs) {
    if (run.name == name) found.push_back(run);
  }
  return found;
}

rehearsal_result rehearse(const sim::plan& plan, const real_runs& real, std::uint64_t seed) {
  const auto programs = stack_programs();
  rehearsal_result result{real.machine, calibrate(plan, real, programs), {}, {}};
  const auto& calibrated = result.calibrated;
  for (const auto rate : plan.rehearsal->rates) {
    auto measured = runs_of(name_of_rate(rate), real.rates);
    if (measured.empty()) continue;
    auto simulated = simulate_rate(plan_for_rate(calibrated, rate), rate, programs, seed);
    const auto warnings = find_warnings(rate, plan, calibrated);
    result.rates.push_back(compare(std::move(simulated), std::move(measured), calibrated.rate, warnings));
  }
  for (const auto& scenario : plan.scenarios) {
    auto measured = runs_of(scenario.name, real.scenarios);
    if (measured.empty()) continue;
    const auto rate = plan.load.calls_per_second;
    auto simulated = simulate(plan_for_rate(calibrated, rate), scenario, rate, plan.load.length, programs, seed);
    const auto warnings = find_warnings(rate, plan, calibrated);
    result.scenarios.push_back(compare(std::move(simulated), std::move(measured), calibrated.rate, warnings));
  }
  return result;
}

int run(const program_options& options, const std::string& command) {
  const auto text = config::read_small_file(options.plan_file, sim::max_plan_file_bytes);
  if (!text.error.empty()) return fail("--plan is \"" + options.plan_file + "\", which cannot be read: " + text.error);
  const auto plan = sim::parse_plan(text.text, std::filesystem::path{options.plan_file}.parent_path(), program_names());
  if (!plan) return fail(options.plan_file + ": " + plan.error());
  if (const auto error = sim::find_unknown_variable(*plan, stack_programs())) {
    return fail(options.plan_file + ": " + *error);
  }
  const auto real_plan = make_real_plan(*plan);
  if (!real_plan) return fail(options.plan_file + ": " + real_plan.error());
  if (options.real_file == "none") {
    std::cout << json::encode(*real_plan) << "\n";
    return success;
  }
  const auto measurements = config::read_small_file(options.real_file, sim::max_plan_file_bytes);
  if (!measurements.error.empty()) {
    return fail("--real is \"" + options.real_file + "\", which cannot be read: " + measurements.error);
  }
  const auto real = json::decode<real_runs>(measurements.text);
  if (!real) return fail(options.real_file + ": " + real.error().text());
  if (real->calibrations.empty()) return fail(options.real_file + ": calibrations must have at least one run");
  const auto result = rehearse(*plan, *real, static_cast<std::uint64_t>(options.seed));
  std::cout << text_report(result);
  if (options.html_file == "none" || write_file(options.html_file, html_report(result, command))) return success;
  std::cerr << "cohort-rehearse: cannot write " << options.html_file << "\n";
  return output_failed;
}

}  // namespace
}  // namespace cohort::simulation

int main(int argc, char** argv) {
  using namespace cohort;
  return simulation::run_program("cohort-rehearse", "Compares the simulation of a plan with runs on real programs",
                                 argc, argv, simulation::run);
}
