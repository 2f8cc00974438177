// SPDX-License-Identifier: BSL-1.0
#include "loadgen/terminal/live_view.hpp"

#include <algorithm>
#include <cmath>

#include "loadgen/results/format.hpp"
#include "loadgen/terminal/table.hpp"

namespace cohort::loadgen {
namespace {

using namespace terminal;
using namespace std::chrono_literals;

constexpr duration line_interval = 5s;
constexpr std::size_t max_failure_kinds = 4;
constexpr std::size_t max_sparkline_width = 60;
constexpr std::size_t rates_table_width = 28;  // width of the rates table without its sparkline

std::string format_progress_time(const run_progress& progress) {
  auto text = format_elapsed(progress.elapsed);
  if (progress.planned_duration > duration{}) text += " of " + format_elapsed(progress.planned_duration);
  return text;
}

bool is_draining(const run_progress& progress) {
  return progress.planned_duration > duration{} && progress.elapsed > progress.planned_duration;
}

std::string format_failures(const request_stats& stats) {
  const auto count = stats.failure_count();
  if (count == 0) return "0 failed";
  return format_count(count) + " failed (" + format_percentage(stats.error_rate()) + ")";
}

interval_report last_interval(const run_report& report) {
  return report.intervals.empty() ? interval_report{} : report.intervals.back();
}

styled_line title_line(const run_progress& progress) {
  styled_line line{{progress.report->mode, text_style::plain, true}, {"  " + format_progress_time(progress)}};
  if (is_draining(progress)) {
    line.push_back({", waiting for the last responses"});
  } else if (!progress.phase.empty()) {
    line.push_back({", phase "});
    line.push_back({progress.phase, text_style::plain, true});
  }
  return line;
}

styled_line progress_bar(const run_progress& progress, std::size_t columns) {
  const auto ratio = std::chrono::duration<double>(progress.elapsed) / progress.planned_duration;
  const auto done = std::clamp(ratio, 0.0, 1.0);
  const auto percent = "  " + format_fixed(std::floor(done * 100), 0) + " %";
  const auto width = columns > percent.size() ? columns - percent.size() : 0;
  const auto filled = static_cast<std::size_t>(std::floor(done * static_cast<double>(width)));
  std::string filled_part;
  std::string empty_part;
  for (std::size_t i = 0; i < filled; ++i) filled_part += "━";
  for (std::size_t i = filled; i < width; ++i) empty_part += "┄";
  return {{filled_part, text_style::accent}, {empty_part, text_style::dim}, {percent}};
}

/// The rates of the last interval with sparklines. The row "in flight" separates the sparklines.
table rates_table(const run_progress& progress, std::size_t columns) {
  const auto& report = *progress.report;
  const auto sparkline_width =
      std::min<std::size_t>(max_sparkline_width, columns > rates_table_width ? columns - rates_table_width : 0);
  std::vector<double> answered;
  std::vector<double> p99;
  for (const auto& interval : report.intervals) {
    answered.push_back(per_second(interval.totals.answered, interval.length));
    p99.push_back(static_cast<double>(interval.totals.p99_us));
  }
  const auto last = last_interval(report);
  table rows{{{""}, {""}, {"", table::alignment::left, 1}}};
  if (progress.planned_rate > 0) rows.add({{"planned"}, {format_number(progress.planned_rate) + "/s"}});
  rows.add({{"sent"}, {format_number(per_second(last.totals.sent, last.length)) + "/s"}});
  rows.add({{"answered"},
            {format_number(per_second(last.totals.answered, last.length)) + "/s"},
            {sparkline(answered, sparkline_width), text_style::accent}});
  rows.add(
      {{"in flight"},
       {format_count(last.in_flight)},
       {last.waiting == 0 ? "" : format_count(last.waiting) + " more wait for a connection", text_style::warning}});
  rows.add({{"p99"},
            {last.totals.answered == 0 ? "–" : format_duration(last.totals.p99_us)},
            {sparkline(p99, sparkline_width), text_style::accent}});
  return rows;
}

styled_line latency_line(const request_stats& totals) {
  styled_line line{{"  so far", text_style::dim}};
  const auto add = [&](const char* name, double percent) {
    line.push_back({std::string{"   "} + name + ' ', text_style::dim});
    line.push_back({format_percentile(totals.response_time, percent)});
  };
  add("p50", 50);
  add("p90", 90);
  add("p99", 99);
  add("max", 100);
  return line;
}

styled_line failures_line(const request_stats& totals) {
  if (totals.failure_count() == 0) return {{"  0 failed", text_style::success}};
  std::vector<request_outcome> kinds;
  for (std::size_t i = 0; i < outcome_count; ++i) {
    const auto outcome = static_cast<request_outcome>(i);
    if (!is_success(outcome) && totals.outcomes[i] != 0) kinds.push_back(outcome);
  }
  std::sort(kinds.begin(), kinds.end(), [&](request_outcome a, request_outcome b) {
    const auto count_a = count_of(totals.outcomes, a);
    const auto count_b = count_of(totals.outcomes, b);
    return count_a != count_b ? count_a > count_b : a < b;
  });
  std::string text = ":";
  for (std::size_t i = 0; i < std::min(kinds.size(), max_failure_kinds); ++i) {
    text += i == 0 ? " " : ", ";
    text += outcome_label(kinds[i]);
    text += ' ' + format_count(count_of(totals.outcomes, kinds[i]));
  }
  if (kinds.size() > max_failure_kinds) text += ", …";
  return {{"  " + format_failures(totals), text_style::error}, {text}};
}

table targets_table(const run_report& report, std::size_t max_rows) {
  using enum table::alignment;
  table rows{{{""}, {"sent", right, 2}, {"answered/s", right, 1}, {"failed"}, {"p50", right, 3}, {"p99"}}};
  const auto last = last_interval(report);
  const auto target_count = std::min(report.targets.size(), report.target_stats.size());
  const auto displayed_count = target_count <= max_rows ? target_count : max_rows - 1;
  for (std::size_t i = 0; i < displayed_count; ++i) {
    const auto& stats = report.target_stats[i];
    const auto answered = i < last.target_stats.size() ? per_second(last.target_stats[i].answered, last.length) : 0;
    rows.add({{report.targets[i].name},
              {format_count(stats.sent)},
              {format_number(answered)},
              {format_count(stats.failure_count()), stats.failure_count() == 0 ? text_style::plain : text_style::error},
              {format_percentile(stats.response_time, 50)},
              {format_percentile(stats.response_time, 99)}});
  }
  if (displayed_count < target_count)
    rows.add({{"and " + format_count(target_count - displayed_count) + " more", text_style::dim}});
  return rows;
}

std::vector<styled_line> draw_frame(const run_progress& progress, std::size_t columns, std::size_t rows) {
  const auto& report = *progress.report;
  std::vector<styled_line> lines;
  const auto add = [&](const std::vector<styled_line>& more) { lines.insert(lines.end(), more.begin(), more.end()); };
  add({title_line(progress)});
  if (progress.planned_duration > duration{}) add({progress_bar(progress, columns)});
  add({{}});
  add(rates_table(progress, columns).lines(columns, 2));
  add({{}, latency_line(report.totals), failures_line(report.totals)});
  constexpr std::size_t min_target_rows = 4;  // an empty line, the titles and two targets
  if (report.targets.size() > 1 && lines.size() + min_target_rows <= rows) {
    add({{}});
    add(targets_table(report, rows - lines.size() - 1).lines(columns, 2));
  }
  if (lines.size() > rows) lines.resize(rows);
  return lines;
}

}  // namespace

void live_view::resize(unsigned columns, unsigned rows) noexcept {
  settings_.output.columns = columns;
  settings_.rows = rows;
}

std::string live_view::cursor_to_first_line() const {
  return drawn_line_count_ == 0 ? "" : "\r\x1b[" + std::to_string(drawn_line_count_) + "A";
}

std::string live_view::update(const run_progress& progress) {
  if (progress.report == nullptr) return {};
  if (!settings_.is_terminal) return update_line(progress);
  auto output = cursor_to_first_line();
  const auto lines = draw_frame(progress, settings_.output.columns, settings_.rows > 1 ? settings_.rows - 1 : 1);
  // Clears each line before writing it: after a full line, the cursor stays in the last column, and clearing would
  // remove the last character.
  for (const auto& line : lines) output += "\x1b[K" + render(line, settings_.output) + '\n';
  output += "\x1b[J";  // clears the remaining lines of a longer frame, and echoed keys
  drawn_line_count_ = lines.size();
  return output;
}

std::string live_view::finish() {
  if (drawn_line_count_ == 0) return {};
  auto output = cursor_to_first_line() + "\x1b[J";
  drawn_line_count_ = 0;
  return output;
}

std::string live_view::update_line(const run_progress& progress) {
  const bool is_first = last_line_time_ < duration{};
  const bool is_due =
      is_first || progress.phase != last_phase_ || progress.elapsed / line_interval != last_line_time_ / line_interval;
  if (!is_due) return {};
  last_line_time_ = progress.elapsed;
  last_phase_ = progress.phase;
  auto text = format_progress_time(progress);
  if (!progress.phase.empty()) text += " (" + sanitize(progress.phase) + ")";
  text += ':';
  if (progress.planned_rate > 0) text += " planned " + format_number(progress.planned_rate) + "/s,";
  const auto& totals = progress.report->totals;
  const auto last = last_interval(*progress.report);
  text += " sent " + format_number(per_second(last.totals.sent, last.length)) + "/s, answered " +
          format_number(per_second(last.totals.answered, last.length)) + "/s; p50 " +
          format_percentile(totals.response_time, 50) + ", p99 " + format_percentile(totals.response_time, 99) +
          ", max " + format_percentile(totals.response_time, 100) + "; " + format_failures(totals);
  return text + '\n';
}

}  // namespace cohort::loadgen
