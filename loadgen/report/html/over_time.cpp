// SPDX-License-Identifier: BSL-1.0
#include <algorithm>

#include "loadgen/report/html/chart.hpp"
#include "loadgen/report/html/markup.hpp"
#include "loadgen/report/html/sections.hpp"
#include "loadgen/results/format.hpp"

namespace cohort::loadgen::html {
namespace {

/// Maximum number of points of a chart.
constexpr std::size_t max_points = 600;
/// Maximum number of rows of a table.
constexpr std::size_t max_rows = 120;

/// A group of consecutive intervals, drawn as one point: the sums of their counts, and the maxima of their percentiles.
/// The percentiles of the group cannot be computed from those of the intervals.
struct interval_group {
  duration start{};
  duration length{};
  std::size_t phase = 0;
  interval_stats stats;
  std::uint64_t in_flight = 0;  // maximum
  std::uint64_t waiting = 0;    // maximum

  void add(const interval_report& interval) {
    const auto& added = interval.totals;
    length += interval.length;
    in_flight = std::max(in_flight, interval.in_flight);
    waiting = std::max(waiting, interval.waiting);
    stats.planned += added.planned;
    stats.sent += added.sent;
    stats.answered += added.answered;
    stats.failed += added.failed;
    stats.p50_us = std::max(stats.p50_us, added.p50_us);
    stats.p90_us = std::max(stats.p90_us, added.p90_us);
    stats.p99_us = std::max(stats.p99_us, added.p99_us);
    stats.max_us = std::max(stats.max_us, added.max_us);
  }
  double rate(std::uint64_t count) const { return per_second(count, length); }
  double start_seconds() const { return to_seconds(start); }
  double end_seconds() const { return to_seconds(start + length); }
};

std::size_t group_size(const std::vector<interval_report>& intervals, std::size_t max_groups) {
  return std::max<std::size_t>(1, (intervals.size() + max_groups - 1) / max_groups);
}

std::vector<interval_group> group_intervals(const std::vector<interval_report>& intervals, std::size_t max_groups) {
  const auto size = group_size(intervals, max_groups);
  std::vector<interval_group> groups;
  for (std::size_t i = 0; i < intervals.size(); ++i) {
    // A last interval of less than half the usual length is too short for a rate: it is merged into the previous group.
    const bool is_short = i + 1 == intervals.size() && intervals[i].length * 2 < intervals.front().length;
    if (groups.empty() || (i % size == 0 && !is_short)) {
      groups.push_back({.start = intervals[i].start, .phase = intervals[i].phase});
    }
    groups.back().add(intervals[i]);
  }
  return groups;
}

/// Rounded up to a second, since the last response arrives slightly before the end of the run.
duration axis_length(const std::vector<interval_report>& intervals) {
  return std::chrono::ceil<std::chrono::seconds>(intervals.back().start + intervals.back().length);
}

std::string time_range(const run_report& report, const interval_group& group) {
  auto text = format_seconds(group.start) + " to " + format_seconds(group.start + group.length);
  if (report.phases.size() > 1 && group.phase < report.phases.size()) text += ", " + report.phases[group.phase].name;
  return text;
}

std::string describe_latencies(const interval_stats& stats) {
  if (stats.answered == 0) return "no responses";
  return "p50 " + format_duration(stats.p50_us) + ", p90 " + format_duration(stats.p90_us) + ", p99 " +
         format_duration(stats.p99_us) + ", max " + format_duration(stats.max_us);
}

std::string describe_rates(const run_report& report, const interval_group& group) {
  const auto rate = [&](std::uint64_t count) { return format_number(group.rate(count)) + "/s"; };
  const auto& stats = group.stats;
  return (report.is_closed_loop() ? "" : "planned " + rate(stats.planned) + ", ") + "sent " + rate(stats.sent) +
         ", answered " + rate(stats.answered) + ", failed " + rate(stats.failed);
}

void add_phase_bands(chart& chart, const run_report& report) {
  if (report.phases.size() < 2 || report.phases.size() > max_phases) return;
  for (std::size_t i = 0; i < report.phases.size(); ++i) {
    const auto& phase = report.phases[i];
    chart.add_band(to_seconds(phase.start), to_seconds(phase.start + phase.length), phase.name, i % 2 == 1);
  }
}

std::string data_details(const run_report& report, const table& rows) {
  const auto length = report.intervals.front().length * group_size(report.intervals, max_rows);
  return details("Data, " + format_seconds(length) + " a row", rows.html());
}

std::string latency_data(const run_report& report) {
  table rows{{{"time", table::content::text}, {"answered"}, {"p50"}, {"p90"}, {"p99"}, {"max"}}};
  for (const auto& group : group_intervals(report.intervals, max_rows)) {
    const auto& stats = group.stats;
    const auto latency = [&](std::uint64_t us) { return text(stats.answered != 0 ? format_duration(us) : "–"); };
    rows.add({text(time_range(report, group)), text(format_count(stats.answered)), latency(stats.p50_us),
              latency(stats.p90_us), latency(stats.p99_us), latency(stats.max_us)});
  }
  return data_details(report, rows);
}

std::string request_data(const run_report& report) {
  table rows{
      {{"time", table::content::text}, {"planned"}, {"sent"}, {"answered"}, {"failed"}, {"in flight"}, {"waiting"}}};
  for (const auto& group : group_intervals(report.intervals, max_rows)) {
    const auto& stats = group.stats;
    rows.add({text(time_range(report, group)), text(report.is_closed_loop() ? "–" : format_count(stats.planned)),
              text(format_count(stats.sent)), text(format_count(stats.answered)), text(format_count(stats.failed)),
              text(format_count(group.in_flight)), text(format_count(group.waiting))});
  }
  return data_details(report, rows);
}

std::string aggregation_note(const run_report& report, std::string_view prefix, std::string_view value) {
  const auto size = group_size(report.intervals, max_points);
  if (size == 1) return {};
  return " " + std::string{prefix} + " is the " + std::string{value} + " of " + format_count(size) + " intervals.";
}

std::vector<step> rate_steps(const std::vector<interval_group>& groups, std::uint64_t interval_stats::* count) {
  std::vector<step> steps;
  for (const auto& group : groups) {
    steps.push_back({group.start_seconds(), group.end_seconds(), group.rate(group.stats.*count)});
  }
  return steps;
}

}  // namespace

std::string latency_over_time(const run_report& report) {
  const auto groups = group_intervals(report.intervals, max_points);
  std::uint64_t minimum = histogram::highest_trackable_value;
  std::uint64_t maximum = 0;
  for (const auto& group : groups) {
    if (group.stats.answered == 0) continue;
    minimum = std::min(minimum, group.stats.p50_us);
    maximum = std::max(maximum, group.stats.max_us);
  }
  if (maximum == 0) return {};

  chart chart{"Response time over the run: p50, p90, p99 and maximum of each second; from " + format_duration(minimum) +
                  " to " + format_duration(maximum),
              time_axis(axis_length(report.intervals), "time since the start"),
              duration_axis(static_cast<double>(minimum), static_cast<double>(maximum), "response time, logarithmic")};
  add_phase_bands(chart, report);
  struct series {
    std::string_view name;
    std::uint64_t interval_stats::* value;
  };
  constexpr series all_series[] = {{"max", &interval_stats::max_us},
                                   {"p99", &interval_stats::p99_us},
                                   {"p90", &interval_stats::p90_us},
                                   {"p50", &interval_stats::p50_us}};
  for (const auto& [name, value] : all_series) {
    std::vector<point> points;
    for (const auto& group : groups) {
      points.push_back({(group.start_seconds() + group.end_seconds()) / 2, std::nullopt});
      if (group.stats.answered != 0) points.back().y = static_cast<double>(group.stats.*value);
    }
    chart.add_line(name, points);
    chart.add_legend(name, name);
  }
  for (const auto& group : groups) {
    chart.add_tooltip(group.start_seconds(), group.end_seconds(),
                      time_range(report, group) + ": " + describe_latencies(group.stats));
  }
  return section("Latency over time",
                 "Response times of the responses that arrived in each second. A gap is a second without responses." +
                     aggregation_note(report, "Each point", "maximum"),
                 chart.html() + latency_data(report));
}

std::string requests_over_time(const run_report& report) {
  if (report.intervals.empty()) return {};
  const auto groups = group_intervals(report.intervals, max_points);
  const auto planned = rate_steps(groups, &interval_stats::planned);
  const auto sent = rate_steps(groups, &interval_stats::sent);
  const auto answered = rate_steps(groups, &interval_stats::answered);
  const auto failed = rate_steps(groups, &interval_stats::failed);
  double maximum = 0;
  for (const auto* steps : {&planned, &sent, &answered, &failed}) {
    for (const auto& step : *steps) maximum = std::max(maximum, step.y);
  }

  chart chart{"Requests per second over the run: planned, sent, answered and failed; at most " + format_number(maximum),
              time_axis(axis_length(report.intervals), "time since the start"),
              linear_axis(maximum, "requests per second")};
  add_phase_bands(chart, report);
  if (!report.is_closed_loop()) {
    chart.add_step_area("planned", planned);
    chart.add_legend("planned", "planned");
  }
  chart.add_step_line("sent", sent);
  chart.add_step_line("answered", answered);
  for (const auto& step : failed) {
    if (step.y > 0) chart.add_bar("failed", step, "");
  }
  for (const auto& group : groups) {
    chart.add_tooltip(group.start_seconds(), group.end_seconds(),
                      time_range(report, group) + ": " + describe_rates(report, group));
  }
  chart.add_legend("sent", "sent");
  chart.add_legend("answered", "answered");
  chart.add_legend("failed", "failed");
  return section("Requests over time",
                 "A request counts as sent when it was written, as answered or failed when it ended." +
                     aggregation_note(report, "Each step", "mean"),
                 chart.html() + request_data(report));
}

}  // namespace cohort::loadgen::html
