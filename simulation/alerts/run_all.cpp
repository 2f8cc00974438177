// SPDX-License-Identifier: BSL-1.0
#include "simulation/alerts/run_all.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>

namespace cohort::simulation::alerts {
namespace {

using namespace std::chrono_literals;

/// The `scrape_interval` of `prometheus.yml`.
constexpr std::chrono::seconds scrape_interval{15};

std::int64_t to_seconds(duration span) { return std::chrono::duration_cast<std::chrono::seconds>(span).count(); }

std::string file_of(const std::string& directory, std::size_t process, const char* extension) {
  return directory + "/" + std::to_string(process) + extension;
}

/// Simulates the run, and writes its series as a test for promtool.
void write_test(const incident& run, const rule_files& rules, const std::string& file) {
  monitored_fleet fleet{run};
  scraper source{fleet, rules, scrape_interval};
  source.start();
  fleet.start();
  // The last scrape can take as long as its timeout.
  fleet.fleet().run_for(run.length + 11s);
  std::ofstream{file, std::ios::binary} << rule_test_file(source.series(), rules, required_rule_files(rules),
                                                          scrape_interval, run.length);
  fleet.fleet().shutdown(duration{0});
  for (const auto& leak : fleet.fleet().leaks()) {
    if (leak.find("exception") != std::string::npos) throw std::runtime_error(leak);
  }
}

/// Executes the runs of one process: every run whose index has this remainder. Writes one line for each run and firing.
void run_process(const std::vector<incident>& runs, const rule_files& rules, std::size_t process,
                 const execution_settings& settings) {
  std::ofstream results{file_of(settings.directory, process, ".tsv"), std::ios::binary};
  for (std::size_t i = process; i < runs.size(); i += settings.processes) {
    const auto file = file_of(settings.directory, i, ".yml");
    if (!settings.reuses_tests) write_test(runs[i], rules, file);
    for (const auto& entry : evaluate_rules(file, runs[i].length)) {
      results << i << '\t' << entry.alert << '\t' << entry.labels << '\t' << to_seconds(entry.begin) << '\t'
              << to_seconds(entry.end) << '\n';
    }
    results << std::flush;
  }
}

void read_results(const std::string& file, std::vector<incident_run>& runs) {
  std::ifstream results{file, std::ios::binary};
  for (std::string line; std::getline(results, line);) {
    std::istringstream fields{line};
    std::size_t index = 0;
    std::int64_t begin = 0;
    std::int64_t end = 0;
    firing entry;
    fields >> index >> entry.alert;
    fields.ignore();
    std::getline(fields, entry.labels, '\t');
    fields >> begin >> end;
    entry.begin = std::chrono::seconds{begin};
    entry.end = std::chrono::seconds{end};
    runs.at(index).firings.push_back(std::move(entry));
  }
}

}  // namespace

std::vector<incident_run> run_all(std::vector<incident> runs, const rule_files& rules,
                                  const execution_settings& settings) {
  std::vector<pid_t> children;
  for (std::size_t process = 0; process < settings.processes; ++process) {
    const auto child = fork();
    if (child < 0) throw std::runtime_error("a process cannot be started");
    if (child > 0) {
      children.push_back(child);
      continue;
    }
    int status = 0;
    try {
      run_process(runs, rules, process, settings);
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
  std::vector<incident_run> results;
  for (auto& run : runs) results.push_back({std::move(run), {}});
  for (std::size_t process = 0; process < settings.processes; ++process)
    read_results(file_of(settings.directory, process, ".tsv"), results);
  return results;
}

}  // namespace cohort::simulation::alerts
