// SPDX-License-Identifier: BSL-1.0
#include "simulation/alerts/run_all.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>

#include "simulation/alerts/rule_series.hpp"

namespace cohort::simulation::alerts {
namespace {

using namespace std::chrono_literals;

/// The `scrape_interval` of `prometheus.yml`.
constexpr std::chrono::seconds scrape_interval{15};

/// Simulates the run, and writes its series as a test for promtool.
void write_test(const incident& run, const rule_files& rules, const std::string& file,
                const execution_settings& settings) {
  monitored_fleet fleet{run};
  scraper source{fleet, rules, scrape_interval};
  source.start();
  fleet.start();
  // Continues after the last scrape for its maximum duration, the timeout.
  fleet.fleet().run_for(run.length + 11s);
  const auto series = settings.has_all_series ? source.series() : reduce_series(source.series(), rules);
  std::ofstream{file, std::ios::binary} << rule_test_file(series, rules, settings.directory + "/rules.yml",
                                                          scrape_interval, run.length);
  fleet.fleet().shutdown(duration{0});
  for (const auto& leak : fleet.fleet().leaks()) {
    if (leak.find("exception") != std::string::npos) throw std::runtime_error(leak);
  }
}

/// Executes the runs of one process: every run whose index has this remainder.
void run_process(const std::vector<incident>& runs, const rule_files& rules, std::size_t process,
                 const execution_settings& settings, const result_store& results) {
  for (std::size_t i = process; i < runs.size(); i += settings.process_count) {
    if (results.load(runs[i])) continue;
    const auto file = settings.directory + "/" + std::to_string(i) + ".yml";
    if (!settings.should_reuse_tests) write_test(runs[i], rules, file, settings);
    results.save(runs[i], evaluate_rules(file, runs[i].length));
    if (!settings.should_keep_tests) std::filesystem::remove(file);
  }
}

}  // namespace

std::vector<incident_run> run_all(std::vector<incident> runs, const rule_files& rules,
                                  const execution_settings& settings, const result_store& results) {
  std::ofstream{settings.directory + "/rules.yml", std::ios::binary} << rules.text();
  std::vector<pid_t> children;
  for (std::size_t process = 0; process < settings.process_count; ++process) {
    const auto child = fork();
    if (child < 0) throw std::runtime_error("a process cannot be started");
    if (child > 0) {
      children.push_back(child);
      continue;
    }
    int status = 0;
    try {
      run_process(runs, rules, process, settings, results);
    } catch (const std::exception& failure) {
      std::cerr << "cohort-alerts: " << failure.what() << "\n";
      status = 1;
    }
    _exit(status);
  }
  bool has_failed = false;
  for (const auto child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    has_failed = has_failed || status != 0;
  }
  if (has_failed) throw std::runtime_error("a simulation has failed");
  std::vector<incident_run> finished;
  for (auto& run : runs) {
    auto firings = results.load(run);
    if (!firings) throw std::runtime_error("a result cannot be read");
    finished.push_back({std::move(run), std::move(*firings)});
  }
  return finished;
}

}  // namespace cohort::simulation::alerts
