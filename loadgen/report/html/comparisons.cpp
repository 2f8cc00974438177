// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cmath>

#include "loadgen/report/html/chart.hpp"
#include "loadgen/report/html/markup.hpp"
#include "loadgen/report/html/sections.hpp"
#include "loadgen/results/format.hpp"

namespace cohort::loadgen::html {
namespace {

std::string format_request_rate(request_rate rate) { return format_number(rate.per_second()) + "/s"; }

std::string describe_capacity(const knee_report& knee) {
  if (!knee.capacity) return "No rate met the objectives.";
  const auto rate = format_request_rate(*knee.capacity);
  if (!knee.is_bounded) return "The objectives were met at " + rate + ", the highest rate tried.";
  return "The objectives are met up to " + rate + '.';
}

markup trial_result(const knee_report::trial& trial) {
  if (!trial.is_valid) return emphasize("warn", "? invalid");
  return trial.is_met ? emphasize("good", "✓ met") : emphasize("bad", "✗ missed");
}

std::string trials_table(const knee_report& knee) {
  table rows{{{"rate"},
              {"objectives", table::content::text},
              {"p99"},
              {"failed"},
              {"answered/s"},
              {"reason", table::content::text}}};
  for (const auto& trial : knee.trials) {
    rows.add({text(format_request_rate(trial.rate)), trial_result(trial), text(format_duration(trial.p99)),
              text(format_percentage(trial.error_rate)), text(format_number(trial.answered_per_second)),
              text(trial.reason)});
  }
  return details("Trials, in order", rows.html());
}

void add_trial(chart& chart, const knee_report::trial& trial) {
  const auto* const symbol = !trial.is_valid ? "?" : trial.is_met ? "✓" : "✗";
  const auto reason = trial.reason.empty() ? std::string{} : ", " + trial.reason;
  chart.add_symbol(trial.is_met ? "met" : "missed", trial.rate.per_second(),
                   static_cast<double>(trial.p99.microseconds), symbol,
                   format_request_rate(trial.rate) + ": p99 " + format_duration(trial.p99) + reason);
}

markup change_value(const measure_change& change, double value) {
  const double magnitude = std::abs(value);
  if (change.name == "failed") return text(format_percentage(magnitude));
  return text(format_duration(static_cast<std::uint64_t>(std::llround(magnitude))));
}

markup shift_value(const measure_change& change) {
  const std::string sign = change.shift == 0 ? "" : change.shift > 0 ? "+" : "−";
  return {sign + change_value(change, change.shift).html};
}

markup change_result(const measure_change& change) {
  if (change.is_worse) return emphasize("bad", "▲ worse");
  if (change.is_better) return emphasize("good", "▼ better");
  return text("= no significant change");
}

}  // namespace

std::string knee_chart(const run_report& report) {
  if (!report.knee || report.knee->trials.empty()) return {};
  const auto& knee = *report.knee;
  double max_rate = 0;
  auto min_p99 = static_cast<double>(histogram::highest_trackable_value);
  double max_p99 = 0;
  for (const auto& trial : knee.trials) {
    const auto p99 = static_cast<double>(trial.p99.microseconds);
    max_rate = std::max(max_rate, trial.rate.per_second());
    min_p99 = std::min(min_p99, p99);
    max_p99 = std::max(max_p99, p99);
  }
  chart chart{describe_capacity(knee), linear_axis(max_rate, "planned requests per second"),
              duration_axis(min_p99, max_p99, "p99 of the response time, logarithmic")};
  if (knee.capacity) {
    chart.add_marker("capacity", knee.capacity->per_second(),
                     (knee.is_bounded ? "capacity " : "capacity ≥ ") + format_request_rate(*knee.capacity));
  }
  for (const auto& trial : knee.trials) add_trial(chart, trial);
  chart.add_legend("met", "✓ met");
  chart.add_legend("missed", "✗ missed");
  return section("Capacity", describe_capacity(knee), chart.html() + trials_table(knee));
}

std::string baseline_table(const run_report& report) {
  if (!report.baseline) return {};
  table rows{
      {{"per second", table::content::text}, {"before"}, {"now"}, {"shift"}, {"p-value"}, {"", table::content::text}}};
  for (const auto& change : report.baseline->measures) {
    const auto p_value = change.p_value < 0.0001 ? "< 0.0001" : format_fixed(change.p_value, 4);
    rows.add({text(change.name == "failed" ? "failures" : change.name), change_value(change, change.before),
              change_value(change, change.now), shift_value(change), text(p_value), change_result(change)});
  }
  return section(
      "Compared with " + report.baseline->file,
      "Medians over the intervals of the run; means for failures. A change counts as worse or better if it is "
      "statistically significant (p-value) and large enough to be relevant.",
      rows.html());
}

}  // namespace cohort::loadgen::html
