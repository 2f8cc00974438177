// SPDX-License-Identifier: BSL-1.0
// Grades a lab: simulates its plan with many seeds and compares the results with its criteria.
#include <iostream>

#include <cohort/config/options.hpp>
#include "simulation/lab/report.hpp"
#include "simulation/report/page.hpp"
#include "simulation/report/program.hpp"

namespace cohort::simulation::labs {
namespace {

enum exit_status { passed = 0, output_failed = 1, invalid_input = 2, criteria_not_met = 3 };

struct program_options {
  std::string directory;
  std::string plan_file = "plan.json";
  std::string html_file = "none";
  std::int64_t seeds = 0;
  std::int64_t threads = 2;

  void add_to(config::options& options) {
    options.add(directory, {"--lab", "", "Required: directory of the lab, with lab.json and solution.json"},
                config::text());
    options.add(plan_file, {"--plan", "", "Plan to grade: a file in this directory"}, config::text(), "plan.json");
    options.add(html_file, {"--html", "", "File for the report with a chart"}, config::text(), "none");
    options.add(seeds, {"--seeds", "", "Runs of each scenario; 0: the number in lab.json"},
                config::integer(0, 1'000'000), "0");
    options.add(threads, {"--threads", "", "Simulation threads"}, config::integer(1, 256), "2");
  }
};

int run(const program_options& options, const std::string& command) {
  if (options.directory.empty()) {
    std::cerr << "cohort-lab: --lab is required: a directory such as labs/1-timeouts\n";
    return invalid_input;
  }
  const std::filesystem::path directory{options.directory};
  const auto exercise = read_lab(directory, directory / options.plan_file);
  if (!exercise) {
    std::cerr << "cohort-lab: " << exercise.error() << "\n";
    return invalid_input;
  }
  const auto seeds = options.seeds > 0 ? static_cast<std::size_t>(options.seeds) : exercise->seeds;
  const auto result = grade_lab(*exercise, seeds, static_cast<std::size_t>(options.threads));
  std::cout << text_report(*exercise, result);
  if (options.html_file != "none" && !write_file(options.html_file, html_report(*exercise, result, command))) {
    std::cerr << "cohort-lab: cannot write " << options.html_file << "\n";
    return output_failed;
  }
  return result.has_passed() ? passed : criteria_not_met;
}

}  // namespace
}  // namespace cohort::simulation::labs

int main(int argc, char** argv) {
  using namespace cohort;
  return simulation::run_program("cohort-lab", "Grades a lab by simulation of its plan", argc, argv,
                                 simulation::labs::run);
}
