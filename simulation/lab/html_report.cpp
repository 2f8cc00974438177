// SPDX-License-Identifier: BSL-1.0
#include <cmath>

#include "loadgen/report/html/chart.hpp"
#include "loadgen/report/html/markup.hpp"
#include "simulation/lab/report.hpp"
#include "simulation/report/page.hpp"

namespace cohort::simulation::labs {
namespace {

namespace html = loadgen::html;

std::string goodput_over_time(const lab& exercise, const chart_data& data) {
  html::chart chart{"goodput over time", html::time_axis(exercise.plan.load.length, "time"), goodput_axis()};
  for (const auto& each : chart_bands(exercise, data)) {
    chart.add_band(to_seconds(each.begin), to_seconds(each.end), each.label, true);
  }
  std::vector<html::point> median;
  std::vector<html::point> low;
  std::vector<html::point> high;
  for (std::size_t i = 0; i < data.goodput.size(); ++i) {
    const auto& sorted = data.goodput[i];
    if (sorted.empty()) continue;
    const double at = (static_cast<double>(i) + 0.5) * to_seconds(data.column);
    median.push_back({at, sorted[sorted.size() / 2]});
    low.push_back({at, sorted[sorted.size() / 20]});
    high.push_back({at, sorted[sorted.size() - 1 - sorted.size() / 20]});
  }
  chart.add_line("max", low);
  chart.add_line("p50", median);
  chart.add_line("p90", high);
  chart.add_legend("p50", "median of the seeds");
  chart.add_legend("max", "5 % of the seeds are below");
  chart.add_legend("p90", "5 % of the seeds are above");
  return chart.html();
}

std::string latency_table(const chart_data& data) {
  html::table table{{{"Response time up to"}, {"Share of the calls"}}};
  const auto format_fraction = [&](std::uint64_t count) {
    return percent(static_cast<double>(count) / static_cast<double>(std::max<std::uint64_t>(data.calls, 1)));
  };
  for (const auto& [bound, count] : data.latency) {
    const auto label = std::isinf(bound) ? "longer" : std::to_string(static_cast<int>(bound)) + " ms";
    table.add({html::text(label), html::text(format_fraction(count))});
  }
  table.add({html::text("failed"), html::text(format_fraction(data.failed))});
  return table.html();
}

}  // namespace

std::string html_report(const lab& exercise, const grade& result, const std::string& command) {
  html::table table{{{"Criterion", html::table::content::text},
                     {"Measured", html::table::content::text},
                     {"Result", html::table::content::text}}};
  for (std::size_t i = 0; i < exercise.criteria.size(); ++i) {
    table.add({html::text(describe(exercise.criteria[i], exercise)),
               html::text(describe(exercise.criteria[i], result.criteria[i])),
               html::text(result.criteria[i].has_passed() ? "met" : "missed")});
  }
  const auto scenario = "Scenario: " + exercise.plan.scenarios[exercise.chart_scenario].name + ".";
  auto content = html::section(result.has_passed() ? "PASS" : "NOT YET",
                               std::to_string(result.seeds) + " seeds; 95 % must meet each criterion.", table.html());
  content += html::section("Goodput over time", scenario, goodput_over_time(exercise, result.chart));
  content += html::section("Response times", scenario, latency_table(result.chart));
  content += html::section("Command", "The same command prints the same numbers.",
                           "<p><code>" + html::escape(command) + "</code></p>\n");
  return render_page(exercise.title, "Simulated. The model and its limits: core/cohort/sim/README.md", content);
}

}  // namespace cohort::simulation::labs
