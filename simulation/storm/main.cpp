// SPDX-License-Identifier: BSL-1.0
// Simulates a retry storm, a deploy or the loss of a zone, with and without protections, and prints the effect of
// each protection.
#include <sys/resource.h>

#include <cstdio>
#include <iostream>

#include <cohort/config/options.hpp>
#include "loadgen/report/html/chart.hpp"
#include "loadgen/report/html/markup.hpp"
#include "simulation/report/page.hpp"
#include "simulation/report/program.hpp"
#include "simulation/storm/storm.hpp"

namespace cohort::simulation {
namespace {

namespace html = loadgen::html;

struct program_options {
  std::int64_t front_end_count = 996;
  std::int64_t back_end_count = 4;
  std::int64_t rate = 2000;
  std::int64_t utilization = 80;
  std::int64_t slowdown = 3;
  std::int64_t attempts = 3;
  std::int64_t front_end_timeout = 800;
  std::int64_t seed = 1;
  std::chrono::seconds length{60};
  std::chrono::seconds patience{1};
  std::string event = "slow-back-ends";
  std::string only = "all";
  std::string html_file = "none";

  void add_to(config::options& options) {
    options.add(front_end_count, {"--front-ends", "", "Number of instances that receive the calls"},
                config::integer(1, 10'000), "996");
    options.add(back_end_count, {"--back-ends", "", "Number of instances behind the front ends"},
                config::integer(1, 10'000), "4");
    options.add(rate, {"--rate", "", "Calls per second of all callers"}, config::integer(1, 1'000'000), "2000");
    options.add(utilization,
                {"--utilization", "", "Load of the back ends without retries, in percent of their capacity"},
                config::integer(1, 200), "80");
    options.add(
        slowdown,
        {"--slowdown", "", "Factor by which the CPU time increases during the trigger (10 s to 20 s after the start)"},
        config::integer(1, 1000), "3");
    options.add(attempts, {"--attempts", "", "Maximum attempts of a caller, including the first"},
                config::integer(1, 100), "3");
    options.add(front_end_timeout, {"--front-timeout", "", "Timeout of the calls of front ends, in milliseconds"},
                config::integer(1, 60'000), "800");
    options.add(patience, {"--patience", "", "Seconds until a caller abandons an attempt"}, config::seconds(1, 60),
                "1");
    options.add(event, {"--event", "", "Event that starts at 10 s"},
                config::one_of({"slow-back-ends", "deploy", "zone-loss"}), "slow-back-ends");
    options.add(length, {"--length", "", "Length of the run in virtual seconds"}, config::seconds(25, 3600), "60");
    options.add(seed, {"--seed", "", "Seed"}, config::integer(0, INT64_MAX), "1");
    options.add(only, {"--only", "", "Simulate only the protection with this name"}, config::text(), "all");
    options.add(html_file, {"--html", "", "File for the report with charts"}, config::text(), "none");
  }
  storm_settings settings() const {
    storm_settings storm;
    storm.event = event == "deploy"      ? storm_event::deploy
                  : event == "zone-loss" ? storm_event::zone_loss
                                         : storm_event::slow_back_ends;
    storm.front_end_count = static_cast<std::size_t>(front_end_count);
    storm.back_end_count = static_cast<std::size_t>(back_end_count);
    storm.calls_per_second = static_cast<double>(rate);
    storm.utilization = static_cast<double>(utilization) / 100;
    storm.slowdown = static_cast<double>(slowdown);
    storm.attempts = static_cast<unsigned>(attempts);
    storm.patience = patience;
    storm.front_end_timeout = std::chrono::milliseconds{front_end_timeout};
    storm.length = length;
    storm.seed = static_cast<std::uint64_t>(seed);
    return storm;
  }
};

std::string format_recovery(const storm_result& result) {
  if (!result.is_recovery_observable) return "-";
  if (!result.recovery) return "never";
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(*result.recovery).count()) + " s";
}

std::string format_fixed(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", value);
  return text;
}

void print_row(const storm_result& result) {
  std::printf("%-30s %8s %8s %8s %9s %8s   %8.1f  %016llx\n", result.applied_protection.name.c_str(),
              percent(result.goodput_before).c_str(), percent(result.goodput_during).c_str(),
              percent(result.goodput_after).c_str(), format_fixed(result.max_amplification).c_str(),
              format_recovery(result).c_str(), result.speed, static_cast<unsigned long long>(result.hash));
  std::fflush(stdout);
}

constexpr std::string_view line_classes[] = {"p99", "max", "p90", "p50"};

const char* to_string(storm_event event) {
  switch (event) {
    case storm_event::slow_back_ends: return "Retry storm";
    case storm_event::deploy: return "Deploy";
    case storm_event::zone_loss: return "Loss of a zone";
  }
  return "";
}

std::string render_over_time(const std::vector<storm_result>& results, const storm_settings& settings,
                             double storm_second::* value, const char* title, const html::axis& axis) {
  html::chart chart{title, html::time_axis(settings.length, "time"), axis};
  duration event_length{};
  for (const auto& result : results) event_length = std::max(event_length, result.event_length);
  chart.add_band(to_seconds(settings.trigger_start), to_seconds(settings.trigger_start + event_length),
                 settings.event == storm_event::slow_back_ends ? "trigger" : to_string(settings.event), true);
  for (std::size_t i = 0; i < results.size(); ++i) {
    std::vector<html::point> points;
    for (std::size_t second = 0; second < results[i].seconds.size(); ++second) {
      points.push_back({static_cast<double>(second) + 0.5, results[i].seconds[second].*value});
    }
    chart.add_line(line_classes[i], points);
    chart.add_legend(line_classes[i], results[i].applied_protection.name);
  }
  return chart.html();
}

std::string results_table(const std::vector<storm_result>& results) {
  html::table table{{{"Protection", html::table::content::text},
                     {"Policy of the front ends", html::table::content::text},
                     {"Goodput before"},
                     {"during"},
                     {"after"},
                     {"Maximum requests per call"},
                     {"Recovery"}}};
  for (const auto& result : results) {
    table.add({html::text(result.applied_protection.name),
               html::text(add_comma_spaces(result.applied_protection.policy)),
               html::text(percent(result.goodput_before)), html::text(percent(result.goodput_during)),
               html::text(percent(result.goodput_after)), html::text(format_fixed(result.max_amplification)),
               html::text(format_recovery(result))});
  }
  return table.html();
}

/// The results that the chart shows. If there are more than four results, these are: no protection, two single
/// protections, and all protections.
std::vector<storm_result> charted_results(const std::vector<storm_result>& results) {
  if (results.size() <= std::size(line_classes)) return results;
  std::vector<storm_result> rows;
  for (const auto* name : {"none", "callers do not retry", "concurrency limit", "all defaults"}) {
    for (const auto& result : results) {
      if (result.applied_protection.name == name) rows.push_back(result);
    }
  }
  return rows.empty() ? std::vector<storm_result>{results.front()} : rows;
}

std::string render(const std::vector<storm_result>& results, const storm_settings& settings,
                   const std::string& command) {
  const auto lines = charted_results(results);
  double max_amplification = 1;
  for (const auto& line : lines) max_amplification = std::max(max_amplification, line.max_amplification);
  std::string content =
      html::section("Goodput", "The fraction of calls that succeed within the callers' patience.",
                    render_over_time(lines, settings, &storm_second::goodput, "goodput", goodput_axis()));
  content += html::section("Amplification", "Requests that the back ends receive for each call of a caller.",
                           render_over_time(lines, settings, &storm_second::amplification, "requests per call",
                                            html::linear_axis(max_amplification, "requests per call")));
  content += html::section("All protections", "Recovery: until goodput stays at 95 % of its previous level for 5 s.",
                           results_table(results));
  content += html::section("Command", "The same command prints the same numbers.",
                           "<p><code>" + html::escape(command) + "</code></p>\n");
  return render_page(std::string{to_string(settings.event)} + ": " +
                         std::to_string(settings.front_end_count + settings.back_end_count) + " instances",
                     "Simulated. The model and its limits: core/cohort/sim/README.md", content);
}

std::vector<protection> selected_protections(const storm_settings& settings, const std::string& only) {
  auto selected = protections(settings);
  if (only != "all") std::erase_if(selected, [&](const protection& each) { return each.name != only; });
  return selected;
}

int run(const program_options& options, const std::string& command) {
  const auto settings = options.settings();
  const auto selected = selected_protections(settings, options.only);
  if (selected.empty()) {
    std::cerr << "cohort-storm: --only is \"" << options.only << "\", but must be the name of a protection:";
    for (const auto& each : protections(settings)) std::cerr << " \"" << each.name << "\"";
    std::cerr << "\n";
    return 2;
  }
  std::vector<storm_result> results;
  std::printf("%-30s %8s %8s %8s %9s %8s   %8s  %s\n", "protection", "before", "during", "after", "requests",
              "recovery", "speed", "hash");
  for (const auto& each : selected) {
    results.push_back(run_storm(settings, each));
    print_row(results.back());
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf("peak memory %.0f MiB\n", static_cast<double>(usage.ru_maxrss) / 1024);
  if (options.html_file == "none") return 0;
  if (write_file(options.html_file, render(results, settings, command))) return 0;
  std::cerr << "cohort-storm: cannot write " << options.html_file << "\n";
  return 1;
}

}  // namespace
}  // namespace cohort::simulation

int main(int argc, char** argv) {
  using namespace cohort;
  return simulation::run_program("cohort-storm", "Simulates a retry storm, a deploy or the loss of a zone", argc, argv,
                                 simulation::run);
}
