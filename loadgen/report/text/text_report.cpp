// SPDX-License-Identifier: BSL-1.0
#include <algorithm>

#include "loadgen/report/report_formats.hpp"
#include "loadgen/report/text/text_sections.hpp"
#include "loadgen/results/format.hpp"
#include "loadgen/results/run_summary.hpp"

namespace cohort::loadgen {
namespace {

using namespace terminal;

constexpr std::size_t max_sparkline_width = 60;
constexpr std::size_t history_columns = 32;  // width of the history table without its sparkline
constexpr std::size_t min_sparkline_width = 4;

text_style style_of(verdict_kind kind) {
  switch (kind) {
    case verdict_kind::passed: return text_style::success;
    case verdict_kind::interrupted: return text_style::warning;
    case verdict_kind::objective_failed:
    case verdict_kind::invalid:
    case verdict_kind::regression: return text_style::error;
  }
  return text_style::error;
}

std::string describe_targets(const run_report& report) {
  const auto& targets = report.targets;
  if (targets.size() == 1) return targets[0].name + ": " + targets[0].method + ' ' + targets[0].url;
  auto text = format_count(targets.size()) + " targets";
  for (std::size_t i = 0; i < targets.size(); ++i) text += (i == 0 ? ": " : ", ") + targets[i].name;
  return text;
}

void write_header(page& page, const run_report& report) {
  page.add(styled_line{{std::string{report.verdict.word()}, style_of(report.verdict.kind), true},
                       {"  "},
                       {report.mode, text_style::plain, true},
                       {", " + describe_load(report)}});
  page.paragraph(describe_targets(report));
  auto details = "started " + format_date_time(report.start_time);
  for (const auto& [name, value] : report.fingerprint) {
    if (name != "arrivals" || report.is_closed_loop()) continue;
    details.insert(0, value + (value == "constant" ? " arrivals, " : ", "));
  }
  page.paragraph(details, text_style::dim);
}

table::row response_time_row(const std::string& name, const request_stats& stats, bool is_bold = false) {
  table::row cells{{name, text_style::plain, is_bold}};
  for (const double percent : {50.0, 90.0, 95.0, 99.0, 99.9, 99.99, 100.0}) {
    cells.push_back({format_percentile(stats.response_time, percent), text_style::plain, is_bold});
  }
  return cells;
}

void write_response_times(page& page, const run_report& report) {
  using enum table::alignment;
  table rows{{{""},
              {"p50"},
              {"p90", right, 2},
              {"p95", right, 4},
              {"p99"},
              {"p99.9", right, 3},
              {"p99.99", right, 5},
              {"max", right, 1}}};
  for (std::size_t i = 0; i < std::min(report.targets.size(), report.target_stats.size()); ++i) {
    rows.add(response_time_row(report.targets[i].name, report.target_stats[i]));
  }
  if (report.targets.size() != 1) rows.add(response_time_row("all", report.totals, true));
  page.heading(report.is_closed_loop() ? "Response time" : "Response time, from the intended start").add(rows);
  if (report.is_closed_loop()) {
    page.paragraph(
        "Closed loop: a connection sends its next request after a response, so a slow server receives fewer requests. "
        "The response times of the omitted requests are not measured (coordinated omission). To measure them, "
        "set a rate.",
        text_style::warning);
  }
  if (const auto censored = report.totals.response_time.censored_count(); censored != 0) {
    page.paragraph("≥: " + format_count(censored) + (censored == 1 ? " request" : " requests") +
                       " without a response; the time until the timeout or the end of the run counts.",
                   text_style::dim);
  }
}

void write_time_parts(page& page, const run_report& report) {
  table rows{{{""}, {"p50"}, {"p99"}, {"max"}, {"", table::alignment::left, 1}}};
  const auto add = [&](const char* name, const histogram& times, const char* meaning) {
    if (times.count() == 0) return;
    rows.add({{name},
              {format_percentile(times, 50)},
              {format_percentile(times, 99)},
              {format_percentile(times, 100)},
              {meaning, text_style::dim}});
  };
  add("service time", report.totals.service_time, "request sent to response");
  add("dispatch lag", report.totals.dispatch_lag, "intended start to dispatch");
  add("connection wait", report.totals.connection_wait, "dispatch to request sent");
  if (!rows.empty()) page.heading("Response time breakdown, all targets").add(rows);
}

/// Responses per second that arrived during a phase, including responses to requests of the previous phase.
double answered_per_second(const run_report& report, std::size_t phase) {
  std::uint64_t answered = 0;
  duration length{};
  for (const auto& interval : report.intervals) {
    if (interval.phase != phase) continue;
    answered += interval.totals.answered;
    length += interval.length;
  }
  if (length > duration{}) return per_second(answered, length);
  return per_second(response_count(report.phases[phase].totals.outcomes), report.phases[phase].length);
}

void write_phases(page& page, const run_report& report) {
  if (report.phases.size() < 2) return;
  using enum table::alignment;
  table rows{{{""},
              {report.is_closed_loop() ? "" : "planned/s", right, 2},
              {"sent", right, 4},
              {"answered/s"},
              {"failed", right, 1},
              {"p50", right, 3},
              {"p99"},
              {"max", right, 5}}};
  for (std::size_t i = 0; i < report.phases.size(); ++i) {
    const auto& phase = report.phases[i];
    const auto& stats = phase.totals;
    const auto error_rate = stats.error_rate();
    rows.add({{phase.name},
              {report.is_closed_loop() ? "" : format_number(per_second(stats.planned, phase.length))},
              {format_count(stats.sent)},
              {format_number(answered_per_second(report, i))},
              {format_percentage(error_rate), error_rate > 0 ? text_style::error : text_style::plain},
              {format_percentile(stats.response_time, 50)},
              {format_percentile(stats.response_time, 99)},
              {format_percentile(stats.response_time, 100)}});
  }
  page.heading("Phases").add(rows);
}

/// The values of the sparklines: one for each group of consecutive intervals.
struct history {
  std::vector<double> answered;
  std::vector<double> p99_us;
  duration group_length{};
};

history make_history(const std::vector<interval_report>& intervals, std::size_t count, std::size_t max_values) {
  history values;
  const auto group_size = (count + max_values - 1) / max_values;
  for (std::size_t first = 0; first < count; first += group_size) {
    std::uint64_t answered = 0;
    std::uint64_t p99_us = 0;
    duration length{};
    for (std::size_t i = first; i < std::min(first + group_size, count); ++i) {
      answered += intervals[i].totals.answered;
      p99_us = std::max(p99_us, intervals[i].totals.p99_us);
      length += intervals[i].length;
    }
    values.answered.push_back(per_second(answered, length));
    values.p99_us.push_back(static_cast<double>(p99_us));
    values.group_length = std::max(values.group_length, length);
  }
  return values;
}

void write_history(page& page, const run_report& report, output_options options) {
  const auto& intervals = report.intervals;
  const auto width = options.columns >= history_columns + min_sparkline_width + 1
                         ? std::min<std::size_t>(max_sparkline_width, options.columns - history_columns)
                         : 0;
  auto count = intervals.size();
  // The last, partial interval is too short for a rate.
  if (count > 0 && intervals.back().length * 2 < intervals.front().length) --count;
  if (count < 3 || width == 0) return;
  const auto values = make_history(intervals, count, width);
  const auto maximum = [](const std::vector<double>& series) {
    return *std::max_element(series.begin(), series.end());
  };
  table rows{{{""}, {"", table::alignment::left}, {"", table::alignment::left}}};
  rows.add({{"answered/s"},
            {sparkline(values.answered, width), text_style::accent},
            {"up to " + format_number(maximum(values.answered))}});
  rows.add({});  // adjacent sparklines would have no gap
  rows.add({{"p99"},
            {sparkline(values.p99_us, width), text_style::accent},
            {"up to " + format_duration(static_cast<std::uint64_t>(maximum(values.p99_us)))}});
  page.heading("Over time, " + format_seconds(values.group_length) + " a column").add(rows);
}

void write_load(page& page, const run_report& report) {
  const auto& stats = report.totals;
  const auto length = load_duration(report);
  const auto planned = report.is_closed_loop() ? 0 : stats.planned;
  table rows{{{""}, {"requests"}, {"per second"}, {planned == 0 ? "" : "of planned"}, {"", table::alignment::left, 1}}};
  const auto add = [&](const char* name, std::uint64_t count, std::string rate, std::string note = {},
                       text_style style = text_style::plain) {
    rows.add({{name, style},
              {format_count(count)},
              {std::move(rate)},
              {planned == 0 ? "" : format_percentage(count, planned)},
              {std::move(note), text_style::dim}});
  };
  if (planned != 0) add("planned", planned, format_number(per_second(planned, length)));
  add("sent", stats.sent, format_number(per_second(stats.sent, length)));
  const auto answered = response_count(stats.outcomes);
  add("answered", answered, format_number(per_second(answered, report.run_duration)),
      format_bytes(static_cast<double>(stats.bytes_received)) + " received");
  if (const auto limit = report.goodput_limit()) {
    add("goodput", stats.on_time, format_number(per_second(stats.on_time, report.run_duration)),
        "successes within " + format_duration(*limit));
  }
  if (report.has_callers()) {
    add("attempts", stats.planned + stats.retries, format_number(per_second(stats.planned + stats.retries, length)),
        format_fixed(stats.amplification(), 2) + " per request, at most " +
            format_count(report.callers.max_retries + 1));
  }
  if (report.callers.patience) {
    add("abandoned", stats.abandoned, "", "no response within " + format_duration(*report.callers.patience));
  }
  const auto unsent = count_of(stats.outcomes, request_outcome::unsent);
  const auto unfinished = count_of(stats.outcomes, request_outcome::unfinished);
  if (unsent != 0) add("not sent", unsent, "", "", text_style::error);
  if (unfinished != 0) add("unfinished", unfinished, "", "", text_style::error);
  page.heading("Load").add(rows);
}

void write_generator(page& page, const run_report& report) {
  const auto& generator = report.generator;
  table rows{{{""}, {"", table::alignment::left}}};
  const auto busiest_worker = format_fixed(generator.busiest_worker_cpu * 100, 0) + " % of a core";
  const auto workers =
      generator.threads == 1 ? "" : " for the busiest of " + format_count(generator.threads) + " workers";
  rows.add({{"CPU"}, {busiest_worker + workers + ", " + format_fixed(generator.cpu_seconds, 2) + " s in total"}});
  if (report.totals.dispatch_lag.count() != 0) {
    rows.add({{"dispatch lag"}, {"p99 " + format_percentile(report.totals.dispatch_lag, 99)}});
  }
  rows.add({{"memory"}, {format_bytes(static_cast<double>(generator.peak_resident_bytes)) + " peak"}});
  rows.add({{"connections"},
            {format_count(report.totals.connections_opened) + " opened, at most " +
             format_count(generator.connections) + " per target"}});
  page.heading("Load generator").add(rows);
}

std::string format_measured_value(const objective_result& result) {
  const auto value = format_value(result.definition, result.value);
  if (!result.is_lower_bound) return "was " + value;
  return "was ≥ " + value + (result.value < result.definition.limit ? ", not proven" : "");
}

void write_verdict(page& page, const run_report& report) {
  const auto& verdict = report.verdict;
  page.empty_line().add(styled_line{{std::string{verdict.word()}, style_of(verdict.kind), true}});
  for (const auto& reason : verdict.reasons) page.paragraph(reason);
  for (const auto& hint : verdict.hints) page.paragraph(hint);
  table rows{{{""}, {"", table::alignment::left}, {"", table::alignment::left}}};
  for (const auto& result : verdict.objectives) {
    rows.add({result.is_met ? text_span{"✓ met", text_style::success} : text_span{"✗ missed", text_style::error},
              {result.definition.text},
              {format_measured_value(result)}});
  }
  if (!rows.empty()) page.add(rows);
}

/// Writes the lines for scripts, with plain digits and without color.
void write_totals(page& page, const run_report& report) {
  const auto& outcomes = report.totals.outcomes;
  const auto average_rate = per_second(report.totals.sent, report.run_duration);
  page.empty_line();
  page.add(styled_line{{"Total Requests: " + std::to_string(total_count(outcomes))}});
  page.add(styled_line{{"Successful:     " + std::to_string(success_count(outcomes))}});
  page.add(styled_line{{"Failed:         " + std::to_string(report.totals.failure_count())}});
  page.add(styled_line{{"Duration:       " + format_seconds(report.run_duration)}});
  page.add(styled_line{{"Average Rate:   " + format_fixed(average_rate, 2) + " requests/s"}});
}

}  // namespace

std::string render_text_report(const run_report& report, output_options options) {
  page page{options};
  write_header(page, report);
  write_load(page, report);
  write_phases(page, report);
  write_history(page, report, options);
  write_response_times(page, report);
  write_time_parts(page, report);
  write_outcomes(page, report);
  write_servers(page, report);
  write_generator(page, report);
  write_knee(page, report);
  write_baseline(page, report);
  write_verdict(page, report);
  write_totals(page, report);
  return std::move(page).text();
}

}  // namespace cohort::loadgen
