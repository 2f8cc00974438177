// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "simulation/lab/report.hpp"
#include "simulation/report/page.hpp"

namespace cohort::simulation::labs {
namespace {

std::string format(const char* pattern, double value) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), pattern, value);
  return text.data();
}

std::string format_seconds(duration span) { return format("%g s", to_seconds(span)); }

std::string format_value(measure measure, double value) {
  switch (measure) {
    case measure::goodput: return percent(value);
    case measure::p99: return std::isinf(value) ? "a failed call" : format("%.0f ms", value * 1000);
    case measure::requests_per_call: return format("%.2f", value);
    case measure::instances: return format("%.0f", value);
    case measure::deploy_time: return std::isinf(value) ? "not ended" : format("%.1f s", value);
    case measure::detection_time: return std::isinf(value) ? "not detected" : format("%.0f s", value);
    case measure::resolution_time: return std::isinf(value) ? "not ended" : format("%.0f s", value);
    case measure::false_alarms: return format("%.0f", value);
  }
  return {};
}

/// Returns the character for a column and a level of goodput: `#` if 95 % of the seeds reach the level, `+` if 5 %
/// reach it.
char cell(const std::vector<double>& sorted, double level) {
  if (sorted.empty()) return ' ';
  const auto count = sorted.size();
  if (sorted[count / 20] >= level) return '#';
  return sorted[count - 1 - count / 20] >= level ? '+' : ' ';
}

/// Returns the row with the columns of the chart in which an alert fires.
std::string alert_row(const std::string& alert, const std::vector<std::size_t>& firing_counts, std::size_t seeds,
                      std::size_t width) {
  std::string text = "\n         ";
  for (const auto count : firing_counts) {
    text.append(width, count * 20 >= seeds * 19 ? '#' : count * 20 >= seeds ? '+' : '.');
  }
  return text + "\n  " + alert + ": # fires in 95 % of the seeds   + in 5 %   . in fewer\n";
}

std::string goodput_chart(const lab& exercise, const chart_data& chart, std::size_t seeds) {
  constexpr int rows = 10;
  const std::size_t width = std::max<std::size_t>(60 / std::max<std::size_t>(chart.goodput.size(), 1), 1);
  std::string text;
  for (int row = rows; row > 0; --row) {
    text += format("%5.0f %% |", 100.0 * row / rows);
    for (const auto& column : chart.goodput) {
      // Compares the value with the middle of the row, so that a value of 97 % reaches the row of 100 %.
      text.append(width, cell(column, (row - 0.5) / rows));
    }
    text.erase(text.find_last_not_of(' ') + 1);
    text += '\n';
  }
  text += "        +" + std::string(width * chart.goodput.size(), '-') + "\n         ";
  const auto bands = chart_bands(exercise, chart);
  for (std::size_t column = 0; column < chart.goodput.size(); ++column) {
    const auto at = chart.column * static_cast<duration::rep>(column);
    const bool is_faulty = std::any_of(
        bands.begin(), bands.end(), [&](const auto& each) { return at + chart.column > each.begin && at < each.end; });
    text.append(width, is_faulty ? '!' : ' ');
  }
  text.erase(text.find_last_not_of(' ') + 1);
  const auto length = format_seconds(exercise.plan.load.length);
  const auto axis = width * chart.goodput.size();
  text += "\n         0 s" + std::string(axis > 3 + length.size() ? axis - 3 - length.size() : 1, ' ') + length;
  text += "\n  # 95 % of the seeds reach this level   + 5 % reach it   ! fault or deploy\n";
  for (const auto& [alert, firing_counts] : chart.firing) text += alert_row(alert, firing_counts, seeds, width);
  return text;
}

std::string latency_row(const std::string& label, std::uint64_t count, std::uint64_t calls, const char* note) {
  const double fraction = static_cast<double>(count) / static_cast<double>(std::max<std::uint64_t>(calls, 1));
  // The length is the square root of the share, so that a tail of 1 % remains visible.
  const auto bar = static_cast<std::size_t>(std::ceil(std::sqrt(fraction) * 50));
  std::array<char, 160> line{};
  std::snprintf(line.data(), line.size(), "%12s | %7.3f %%  %s%s\n", label.c_str(), fraction * 100,
                std::string(bar, '#').c_str(), note);
  return line.data();
}

std::string latency_chart(const lab& exercise, const chart_data& chart) {
  std::string text;
  bool is_late = false;
  for (const auto& [bound, count] : chart.latency) {
    const bool was_late = is_late;
    const auto deadline = exercise.plan.load.deadline;
    is_late = deadline && bound > to_milliseconds(*deadline);
    const auto label = std::isinf(bound) ? "above" : "to " + format("%g ms", bound);
    text += latency_row(label, count, chart.calls, is_late && !was_late ? "  <- after the deadline" : "");
  }
  if (chart.failed > 0) text += latency_row("failed", chart.failed, chart.calls, "");
  return text + "  The bars are proportional to the square root of the fraction.\n";
}

}  // namespace

std::vector<chart_band> chart_bands(const lab& exercise, const chart_data& chart) {
  std::vector<chart_band> times;
  const auto& scenario = exercise.plan.scenarios[exercise.chart_scenario];
  for (const auto& fault : scenario.faults) times.push_back({"fault", fault.at, fault.at + fault.length});
  for (const auto& deploy : scenario.deploys) {
    const auto found = chart.deploy_times.find(deploy.service);
    if (found != chart.deploy_times.end()) times.push_back({"deploy", deploy.at, deploy.at + found->second});
  }
  return times;
}

std::string describe(const criterion& target, const lab& exercise) {
  const auto scenario = ", scenario \"" + exercise.plan.scenarios[target.scenario].name + "\"";
  const bool is_whole_run = target.from == duration{0} && target.to == exercise.plan.load.length;
  const auto part = is_whole_run ? "" : " from " + format_seconds(target.from) + " to " + format_seconds(target.to);
  const auto limit = format_value(target.measure, target.limit);
  const auto alert_name = [&] { return exercise.plan.alerts[target.alert].name; };
  switch (target.measure) {
    case measure::goodput: return "goodput" + part + scenario + ": at least " + limit;
    case measure::p99: return "p99" + part + scenario + ": at most " + limit;
    case measure::requests_per_call:
      return "requests to " + target.service + " for each call" + scenario + ": at most " + limit;
    case measure::instances: return "instances of " + target.service + ": at most " + limit;
    case measure::deploy_time: return "length of the deploy of " + target.service + ": at most " + limit;
    case measure::detection_time: return "time until " + alert_name() + " fires" + scenario + ": at most " + limit;
    case measure::resolution_time:
      return "time until " + alert_name() + " stops firing after the fault" + scenario + ": at most " + limit;
    case measure::false_alarms: return "false alarms of " + alert_name() + scenario + ": at most " + limit;
  }
  return {};
}

std::string describe(const criterion& target, const criterion_grade& grade) {
  const auto text = [&](double probability) { return format_value(target.measure, grade.quantile(probability)); };
  return "median " + text(0.5) + ", 90 % of the seeds from " + text(0.05) + " to " + text(0.95) + "; " +
         std::to_string(grade.passed_seed_count) + " of " + std::to_string(grade.values.size()) + " seeds meet it";
}

std::string text_report(const lab& exercise, const grade& result) {
  std::string text = exercise.title + "\n" + std::to_string(result.seeds) + " seeds of " +
                     format_seconds(exercise.plan.load.length) + "; each criterion must be met by 95 % of them\n\n";
  for (const auto& warning : exercise.plan.warnings) text += "~ " + warning + "\n";
  // Shows the hint of the criterion that the fewest seeds meet.
  std::size_t worst = 0;
  for (std::size_t i = 0; i < exercise.criteria.size(); ++i) {
    const auto& target = exercise.criteria[i];
    const bool has_passed = result.criteria[i].has_passed();
    text += std::string{has_passed ? "  [ok]     " : "  [missed] "} + describe(target, exercise) + "\n           " +
            describe(target, result.criteria[i]) + "\n";
    if (result.criteria[i].passed_seed_count < result.criteria[worst].passed_seed_count) worst = i;
  }
  const auto& scenario = exercise.plan.scenarios[exercise.chart_scenario].name;
  const bool is_goodput = exercise.chart == chart_kind::goodput;
  text += std::string{is_goodput ? "\nGoodput over time" : "\nResponse times"} + ", scenario \"" + scenario + "\":\n";
  text += is_goodput ? goodput_chart(exercise, result.chart, result.seeds) : latency_chart(exercise, result.chart);
  text += result.has_passed() ? "\nPASS\n" : "\nNOT YET: " + exercise.criteria[worst].hint + "\n";
  return text;
}

}  // namespace cohort::simulation::labs
