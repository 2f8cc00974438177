// SPDX-License-Identifier: BSL-1.0
// Evaluates the alerts of Prometheus on simulated incidents and quiet hours.
#include <algorithm>
#include <filesystem>
#include <iostream>

#include <cohort/config/options.hpp>
#include "simulation/alerts/run_all.hpp"
#include "simulation/alerts/temporary_directory.hpp"
#include "simulation/report/page.hpp"
#include "simulation/report/program.hpp"

namespace cohort::simulation::alerts {
namespace {

enum exit_status { success = 0, check_failed = 1, invalid_input = 2 };

struct program_options {
  std::int64_t incident_count = 1000;
  std::int64_t quiet_hours = -1;
  std::int64_t seed = 1;
  std::int64_t process_count = 2;
  std::string rules = "monitoring/prometheus/rules";
  std::string only = "all";
  std::string page = "none";
  std::string directory = "none";
  std::string results = "none";
  bool should_reuse_tests = false;
  bool has_all_series = false;
  bool should_list_runs = false;
  bool should_check = false;

  void add_to(config::options& options) {
    options.add(incident_count,
                {"--incidents", "", "Number of simulated incidents of 30 minutes, distributed over all kinds"},
                config::integer(0, 1'000'000), "1000");
    options.add(quiet_hours, {"--quiet-hours", "", "Simulated hours without an incident"},
                config::integer(0, 1'000'000), "as many as incidents");
    options.add(seed, {"--seed", "", "Seed of the first run"}, config::integer(0, INT64_MAX / 2), "1");
    options.add(process_count, {"--processes", "", "Number of simulation processes"}, config::integer(1, 256), "2");
    options.add(rules, {"--rules", "", "Directory with the rule files"}, config::text(), "monitoring/prometheus/rules");
    options.add(only, {"--only", "", "Kinds of incidents to simulate, separated by commas"}, config::text(), "all");
    options.add(page, {"--page", "", "Markdown file whose tables between the comments \"alerts\" are replaced"},
                config::text(), "none");
    options.add(directory, {"--keep", "", "Directory that keeps the test of each run for `promtool test rules`"},
                config::text(), "none");
    options.add(
        results,
        {"--results", "",
         "Directory that keeps the result of each run, so that the same command continues after an interruption. "
         "A result is reused by the same program with the same rules and the same promtool only"},
        config::text(), "none");
    options.add_switch(should_reuse_tests, "--reuse",
                       "Evaluate the tests in the directory of --keep instead of simulating: after a change of "
                       "rules that read the same series");
    options.add_switch(has_all_series, "--all-series",
                       "Evaluate all series, about half as fast, to check that the omitted series do not affect the "
                       "results");
    options.add_switch(should_list_runs, "--list", "Print all runs with their fired and missed alerts");
    options.add_switch(should_check, "--check", "Exit with status 1 if an incident was missed, or after a false alarm");
  }
};

/// Returns the kinds with these comma-separated names. Throws `std::invalid_argument` for an unknown name.
std::vector<const incident_kind*> find_kinds(std::string_view names) {
  std::vector<const incident_kind*> found;
  const auto& kinds = incident_kinds();
  while (!names.empty()) {
    const auto name = names.substr(0, names.find(','));
    names.remove_prefix(std::min(name.size() + 1, names.size()));
    const auto kind = std::find_if(kinds.begin(), kinds.end(), [&](const auto& each) { return each.name == name; });
    if (kind == kinds.end()) {
      std::string accepted;
      for (const auto& each : kinds) accepted.append(accepted.empty() ? "" : ", ").append(each.name);
      throw std::invalid_argument("--only has \"" + std::string{name} +
                                  "\", but must have kinds of incidents: " + accepted);
    }
    found.push_back(&*kind);
  }
  return found;
}

std::vector<incident> draw_runs(const program_options& options) {
  std::vector<const incident_kind*> kinds;
  for (const auto& kind : incident_kinds()) kinds.push_back(&kind);
  if (options.only != "all") kinds = find_kinds(options.only);
  std::vector<incident> runs;
  for (std::int64_t i = 0; i < options.incident_count; ++i) {
    const auto& kind = *kinds[static_cast<std::size_t>(i) % kinds.size()];
    runs.push_back(draw_incident(kind, static_cast<std::uint64_t>(options.seed + i)));
  }
  const auto quiet = options.quiet_hours < 0 ? options.incident_count : options.quiet_hours;
  for (std::int64_t i = 0; i < quiet; ++i) {
    runs.push_back(draw_quiet_run(static_cast<std::uint64_t>(options.seed + i), std::chrono::hours{1}));
  }
  return runs;
}

/// Replaces the text between the comments. Returns false if the comments are missing or the file cannot be written.
bool replace_tables(const std::string& file, const std::string& tables) {
  constexpr std::string_view first = "<!-- alerts: begin -->\n";
  constexpr std::string_view last = "<!-- alerts: end -->";
  auto text = read_file(file);
  const auto begin = text.find(first);
  const auto end = text.find(last);
  if (begin == std::string::npos || end == std::string::npos || end < begin) return false;
  text.replace(begin + first.size(), end - begin - first.size(), tables);
  return write_file(file, text);
}

bool has_missed_or_false_alert(const std::map<std::string, alert_statistics>& statistics) {
  bool has_problem = false;
  for (const auto& [name, alert] : statistics) {
    if (alert.missed_count == 0 && alert.false_alarm_count == 0) continue;
    std::cerr << "cohort-alerts: " << name << " missed " << alert.missed_count << " of " << alert.expected_count
              << " incidents, and has " << alert.false_alarm_count << " false alarms\n";
    has_problem = true;
  }
  return has_problem;
}

int run(const program_options& options, const std::string& command) {
  rule_files rules{options.rules};
  rules.select(evaluated_alerts(rules));
  const temporary_directory test_directory;
  execution_settings settings{static_cast<std::size_t>(options.process_count), test_directory.path(), false,
                              options.should_reuse_tests, options.has_all_series};
  if (options.directory != "none") {
    settings.directory = std::filesystem::absolute(options.directory).string();
    settings.should_keep_tests = true;
    std::filesystem::create_directories(settings.directory);
  }
  if (options.should_reuse_tests && options.results != "none") {
    throw std::invalid_argument("--reuse evaluates tests of another program, so --results must be \"none\"");
  }
  const result_store results{options.results == "none" ? test_directory.path() : options.results,
                             evaluation_key(rules, options.has_all_series)};
  const auto runs = run_all(draw_runs(options), rules, settings, results);
  if (options.should_list_runs) std::cout << render_runs(runs) << "\n";
  const auto tables = render_tables(runs, rules, command);
  std::cout << tables;
  if (options.page != "none" && !replace_tables(options.page, tables)) {
    throw std::invalid_argument("--page is \"" + options.page +
                                "\", which has no comments \"alerts\" or cannot be written");
  }
  return options.should_check && has_missed_or_false_alert(evaluate(runs, rules)) ? check_failed : success;
}

}  // namespace
}  // namespace cohort::simulation::alerts

int main(int argc, char** argv) {
  using namespace cohort;
  return simulation::run_program("cohort-alerts",
                                 "Evaluates the alerts of Prometheus on simulated incidents and quiet hours", argc,
                                 argv, simulation::alerts::run);
}
