// SPDX-License-Identifier: BSL-1.0
#include <algorithm>

#include "loadgen/report/html/chart.hpp"
#include "loadgen/report/html/markup.hpp"
#include "loadgen/results/format.hpp"
#include "simulation/rehearse/report.hpp"
#include "simulation/report/page.hpp"

namespace cohort::simulation::rehearsal {
namespace {

namespace html = loadgen::html;
using loadgen::format_fixed;

/// The lines of the simulated and the real runs in all charts.
constexpr const char* simulated_class = "p50";
constexpr const char* measured_class = "p99";

duration length_of(const observed_run& run) {
  return std::chrono::seconds{static_cast<std::int64_t>(run.seconds.size())};
}

void add_legend(html::chart& chart) {
  chart.add_legend(simulated_class, "simulated");
  chart.add_legend(measured_class, "measured");
}

void add_faults(html::chart& chart, const comparison& comparison) {
  for (const auto& phase : comparison.phases) {
    if (phase.name == "fault") chart.add_band(phase.start_s, phase.start_s + phase.length_s, "fault", true);
  }
}

std::string goodput_chart(const comparison& comparison) {
  std::int64_t top = 1;
  const auto points = [&](const observed_run& run) {
    std::vector<html::point> points;
    for (std::size_t i = 0; i < run.seconds.size(); ++i) {
      points.push_back({static_cast<double>(i) + 0.5, static_cast<double>(run.seconds[i].good)});
      top = std::max(top, run.seconds[i].good);
    }
    return points;
  };
  const auto simulated = points(comparison.simulated);
  std::vector<std::vector<html::point>> measured;
  for (const auto& run : comparison.real) measured.push_back(points(run));
  html::chart chart{"Goodput over time: " + comparison.name, html::time_axis(length_of(comparison.simulated), "time"),
                    html::linear_axis(static_cast<double>(top), "good responses per second")};
  add_faults(chart, comparison);
  for (const auto& line : measured) chart.add_line(measured_class, line);
  chart.add_line(simulated_class, simulated);
  add_legend(chart);
  return chart.html();
}

std::string latency_chart(const comparison& comparison) {
  double lowest = 1e9;
  double highest = 1;
  const auto points = [&](const observed_run& run) {
    std::vector<html::point> points;
    for (std::size_t i = 0; i < run.seconds.size(); ++i) {
      auto& point = points.emplace_back(html::point{static_cast<double>(i) + 0.5, {}});
      if (!run.seconds[i].p99_us) continue;
      point.y = static_cast<double>(std::max<std::int64_t>(*run.seconds[i].p99_us, 1));
      lowest = std::min(lowest, *point.y);
      highest = std::max(highest, *point.y);
    }
    return points;
  };
  const auto simulated = points(comparison.simulated);
  std::vector<std::vector<html::point>> measured;
  for (const auto& run : comparison.real) measured.push_back(points(run));
  html::chart chart{"p99 over time: " + comparison.name, html::time_axis(length_of(comparison.simulated), "time"),
                    html::duration_axis(std::min(lowest, highest), highest, "p99 of the responses")};
  add_faults(chart, comparison);
  for (const auto& line : measured) chart.add_line(measured_class, line);
  chart.add_line(simulated_class, simulated);
  for (const auto& change : comparison.simulated.breakers) {
    chart.add_marker(simulated_class, change.at_s, change.state);
  }
  add_legend(chart);
  return chart.html();
}

void add_rows(html::table& table, const comparison& comparison, const std::string& phase_name,
              const compared_phase& phase) {
  const std::string mark = comparison.warnings.empty() ? "" : "~";
  for (const auto& value : phase.values) {
    table.add({html::text(phase_name), html::text(value.name), html::text(mark + value.format_simulated()),
               html::text(value.format_measured()),
               html::text(value.difference() + (value.is_within_spread() ? ", within the spread" : ""))});
  }
}

html::table comparison_table(std::string first_column) {
  return html::table{{{std::move(first_column), html::table::content::text},
                      {"value", html::table::content::text},
                      {"simulated"},
                      {"measured"},
                      {"difference"}}};
}

std::string warnings_of(const comparison& comparison) {
  std::string text;
  const auto start = "<p class=\"bad\">" + html::escape(comparison.name) + ": ";
  for (const auto& warning : comparison.warnings) {
    text += start + "outside the model's range of validity (marked ~): " + html::escape(warning) + "</p>\n";
  }
  for (const auto& run : comparison.real) {
    if (run.invalid_reason.empty()) continue;
    text += start + "invalid measurement: " + html::escape(run.invalid_reason) + "</p>\n";
  }
  return text;
}

std::string breakers_table(const comparison& comparison) {
  html::table table{{{"breaker", html::table::content::text},
                     {"state", html::table::content::text},
                     {"side", html::table::content::text},
                     {"at"}}};
  const auto add = [&](const observed_run& run, const char* side) {
    for (const auto& change : run.breakers) {
      table.add({html::text(change.service + " to " + change.upstream), html::text(change.state), html::text(side),
                 html::text(format_fixed(change.at_s, 1) + " s")});
    }
  };
  add(comparison.simulated, "simulated");
  for (const auto& run : comparison.real) add(run, "measured");
  return table.empty() ? "" : html::details("Breakers", table.html());
}

std::string scenario_section(const comparison& comparison) {
  auto table = comparison_table("phase");
  for (const auto& phase : comparison.phases) {
    const auto span = format_fixed(phase.start_s, 0) + " to " + format_fixed(phase.start_s + phase.length_s, 0) + " s";
    add_rows(table, comparison, phase.name + ", " + span, phase);
  }
  return html::section(
      comparison.name,
      "The charts show calls by the second in which they ended, the table by the phase in which they started.",
      warnings_of(comparison) + goodput_chart(comparison) + latency_chart(comparison) + table.html() +
          breakers_table(comparison));
}

std::string calibration_section(const rehearsal_result& result) {
  html::table table{{{"service", html::table::content::text}, {"CPU time of a call"}, {"in the plan"}}};
  for (const auto& cost : result.calibrated.costs) {
    table.add({html::text(cost.service), html::text(format_fixed(cost.measured_us, 0) + " µs"),
               html::text(format_fixed(cost.planned_us, 0) + " µs")});
  }
  auto note = "Measured without faults at " + loadgen::format_number(result.calibrated.rate) +
              " calls per second. For the measured response time, " +
              format_fixed(result.calibrated.added_latency_us, 0) + " µs were added to the latency of each link.";
  if (const auto& pauses = result.calibrated.plan.pauses; pauses.any()) {
    note += " Each core pauses " + format_fixed(pauses.per_second, 1) + " times per second (without load " +
            format_fixed(pauses.per_second * result.calibrated.idle_pause_ratio, 1) + "), on average for " +
            format_fixed(to_milliseconds(pauses.length.mean()), 2) + " ms, as the dispatch lag of loadgen shows.";
  }
  if (const auto& idle = result.calibrated.idle_fit) {
    note += " After " + describe_slowdown(*idle, result.calibrated.plan.slowdown_after_idle) + ".";
  }
  return html::section("Calibration", note, table.html());
}

std::string rates_section(const rehearsal_result& result) {
  if (result.rates.empty()) return {};
  auto table = comparison_table("calls per second");
  std::string warnings;
  for (const auto& rate : result.rates) {
    add_rows(table, rate, rate.name, rate.phases.front());
    warnings += warnings_of(rate);
  }
  return html::section("Other rates", "Without faults.", warnings + table.html());
}

}  // namespace

std::string html_report(const rehearsal_result& result, const std::string& command) {
  auto content = calibration_section(result) + rates_section(result);
  for (const auto& scenario : result.scenarios) content += scenario_section(scenario);
  content += html::section("Command", "", "<p><code>" + html::escape(command) + "</code></p>\n");
  return render_page("Rehearsal", "Simulated, and measured on " + result.machine, content);
}

}  // namespace cohort::simulation::rehearsal
