// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/text/text_sections.hpp"

#include <algorithm>
#include <cmath>

#include "loadgen/results/format.hpp"

namespace cohort::loadgen {
namespace {

using namespace terminal;

/// The targets with an outcome, in descending order of their counts: `weather 48, dashboard 3`. Empty for a single
/// target.
std::string format_target_counts(const run_report& report, request_outcome outcome) {
  if (report.targets.size() < 2) return {};
  struct target_count {
    std::uint64_t count;
    std::size_t target;
  };
  std::vector<target_count> counts;
  for (std::size_t i = 0; i < std::min(report.targets.size(), report.target_stats.size()); ++i) {
    const auto count = count_of(report.target_stats[i].outcomes, outcome);
    if (count != 0) counts.push_back({count, i});
  }
  std::sort(counts.begin(), counts.end(), [](const target_count& a, const target_count& b) {
    return a.count != b.count ? a.count > b.count : a.target < b.target;
  });
  std::string text;
  for (const auto& [count, target] : counts) {
    text += (text.empty() ? "" : ", ") + report.targets[target].name;
    if (counts.size() > 1) text += ' ' + format_count(count);
  }
  return text;
}

std::string format_statuses(const request_stats& stats) {
  std::string text = "Statuses:";
  for (const auto& [code, count] : stats.statuses) {
    text += text.ends_with(':') ? " " : ", ";
    text += std::to_string(code) + " × " + format_count(count);
  }
  return text + '.';
}

std::string name_of(const server_report& server) { return server.target.empty() ? server.url : server.target; }

std::string server_summary(const server_report& server) {
  if (!server.failure.empty()) {
    return (server.target.empty() ? "" : server.target + ": ") + "no metrics from " + server.url + ": " +
           server.failure;
  }
  auto text = name_of(server) + ": served ";
  if (server.served > server.sent) {
    text += format_count(server.served) + ", " + format_count(server.served - server.sent) + " more than the " +
            format_count(server.sent) + " sent: it has other clients";
  } else {
    text += format_count(server.served) + " of " + format_count(server.sent) + " sent";
    if (server.served < server.sent) text += ", " + format_count(server.sent - server.served) + " missing";
  }
  text += '.';
  if (server.p99_us) {
    text += " p99 " + format_duration(*server.p99_us) + " by the server's clock, " +
            format_duration(server.client_p99_us) + " by the generator's.";
  }
  return text;
}

text_style style_of(const server_report& server) {
  if (!server.failure.empty() || server.served > server.sent) return text_style::warning;
  return server.served < server.sent ? text_style::error : text_style::plain;
}

table servers_table(const run_report& report) {
  table rows{{{"server", table::alignment::left},
              {"phase", table::alignment::left, 2},
              {"served"},
              {"p99", table::alignment::right, 1},
              {"CPU cores"},
              {"memory", table::alignment::right, 3}}};
  for (const auto& server : report.servers) {
    for (std::size_t i = 0; i < server.phases.size(); ++i) {
      const auto& phase = server.phases[i];
      rows.add({{i == 0 ? name_of(server) : ""},
                {phase.phase},
                {format_count(phase.served)},
                {phase.p99_us ? format_duration(*phase.p99_us) : "–"},
                {phase.cpu_cores ? format_fixed(*phase.cpu_cores, 2) : "–"},
                {phase.resident_bytes ? format_bytes(*phase.resident_bytes) : "–"}});
    }
  }
  return rows;
}

std::string format_capacity(const knee_report& knee) {
  const auto format_capacity_rate = [](request_rate rate) { return format_number(rate.per_second()) + " requests/s"; };
  if (knee.capacity)
    return (knee.is_bounded ? "Capacity: " : "Capacity: at least ") + format_capacity_rate(*knee.capacity);
  const auto lowest = std::min_element(knee.trials.begin(), knee.trials.end(),
                                       [](const auto& a, const auto& b) { return a.rate < b.rate; });
  return lowest == knee.trials.end() ? "Capacity: unknown"
                                     : "Capacity: less than " + format_capacity_rate(lowest->rate);
}

text_span trial_result(const knee_report::trial& trial) {
  if (!trial.is_valid) return {"? invalid", text_style::warning};
  return trial.is_met ? text_span{"✓ met", text_style::success} : text_span{"✗ missed", text_style::error};
}

std::string add_sign(double value, const std::string& magnitude) {
  return (value < 0 ? "−" : value > 0 ? "+" : "") + magnitude;
}

std::string relative_shift(const measure_change& change) {
  if (change.before <= 0) return "";
  const auto percent = std::abs(change.shift / change.before * 100);
  return add_sign(change.shift, format_fixed(percent, percent < 9.95 ? 1 : 0) + " %");
}

text_span change_result(const measure_change& change) {
  if (change.is_worse) return {"✗ worse", text_style::error};
  if (change.is_better) return {"✓ better", text_style::success};
  return {"no significant change", text_style::dim};
}

table::row change_row(const measure_change& change) {
  const bool is_ratio = change.name == "failed";
  const auto format_change_value = [&](double value) {
    if (is_ratio) return format_percentage(value);
    return format_duration(static_cast<std::uint64_t>(std::llround(std::max(0.0, value))));
  };
  const auto shift = is_ratio ? format_fixed(std::abs(change.shift) * 100, 2) + " points"
                              : format_change_value(std::abs(change.shift));
  return {{change.name},
          {format_change_value(change.before)},
          {format_change_value(change.now)},
          {add_sign(change.shift, shift)},
          {is_ratio ? "" : relative_shift(change)},
          {change.p_value < 0.001 ? "< 0.001" : format_fixed(change.p_value, 3)},
          change_result(change)};
}

}  // namespace

void write_outcomes(page& page, const run_report& report) {
  const auto& stats = report.totals;
  const auto total = total_count(stats.outcomes);
  if (total == 0) return;
  table rows{{{""}, {""}, {""}, {"", table::alignment::left, 1}}};
  for (std::size_t i = 0; i < outcome_count; ++i) {
    const auto count = stats.outcomes[i];
    if (count == 0) continue;
    const auto outcome = static_cast<request_outcome>(i);
    rows.add({{std::string{outcome_label(outcome)}, is_success(outcome) ? text_style::success : text_style::error},
              {format_count(count)},
              {format_percentage(count, total)},
              {is_success(outcome) ? "" : format_target_counts(report, outcome), text_style::dim}});
  }
  page.heading("Outcomes").add(rows);
  if (!stats.statuses.empty()) page.paragraph(format_statuses(stats), text_style::dim);
}

void write_servers(page& page, const run_report& report) {
  if (report.servers.empty()) return;
  page.heading("Server metrics");
  for (const auto& server : report.servers) page.paragraph(server_summary(server), style_of(server));
  if (const auto rows = servers_table(report); !rows.empty()) page.add(rows);
}

void write_knee(page& page, const run_report& report) {
  if (!report.knee) return;
  table rows{{{"rate/s"},
              {"", table::alignment::left},
              {"answered/s", table::alignment::right, 1},
              {"failed", table::alignment::right, 2},
              {"p99"},
              {"", table::alignment::left, 3}}};
  for (const auto& trial : report.knee->trials) {
    rows.add({{format_number(trial.rate.per_second())},
              trial_result(trial),
              {format_number(trial.answered_per_second)},
              {format_percentage(trial.error_rate)},
              {format_duration(trial.p99)},
              {trial.reason, text_style::dim}});
  }
  page.heading("Knee search: the highest rate that meets the objectives").add(rows);
  page.add(styled_line{{"  "}, {format_capacity(*report.knee), text_style::plain, true}});
}

void write_baseline(page& page, const run_report& report) {
  if (!report.baseline) return;
  table rows{{{"median"},
              {"before"},
              {"now"},
              {"shift"},
              {"", table::alignment::right, 2},
              {"p-value", table::alignment::right, 1},
              {"", table::alignment::left}}};
  for (const auto& change : report.baseline->measures) rows.add(change_row(change));
  page.heading("Compared with " + report.baseline->file).add(rows);
}

}  // namespace cohort::loadgen
