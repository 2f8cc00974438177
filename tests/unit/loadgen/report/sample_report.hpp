// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cmath>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "loadgen/results/report.hpp"

// Sample reports for tests of the output formats. The numbers of a report are consistent.
namespace cohort::loadgen::samples {

using failure_counts = std::initializer_list<std::pair<request_outcome, std::uint64_t>>;

inline duration microseconds(double count) { return duration{std::llround(count * 1e3)}; }

inline unsigned typical_status(request_outcome outcome) {
  switch (outcome) {
    case request_outcome::status_3xx: return 304;
    case request_outcome::status_4xx: return 404;
    case request_outcome::status_429: return 429;
    case request_outcome::status_5xx: return 500;
    case request_outcome::status_503: return 503;
    default: return 200;
  }
}

inline bool is_sent(request_outcome outcome) {
  using enum request_outcome;
  return is_response(outcome) || outcome == timeout || outcome == reset || outcome == early_eof ||
         outcome == stale_reuse || outcome == protocol || outcome == unfinished;
}

/// Returns statistics with `planned` requests, which succeed except for `failures`. The response times and their parts
/// have a heavy tail: p50 is 1.41 × `base_us`, p99 is 10 × `base_us`, p99.9 is 32 × `base_us`.
inline request_stats make_stats(std::uint64_t planned, double base_us, failure_counts failures = {},
                                duration deadline = {}) {
  request_stats stats;
  stats.planned = planned;
  auto& counts = stats.outcomes;
  auto& successes = counts[static_cast<std::size_t>(request_outcome::status_2xx)];
  successes = planned;
  for (const auto& [outcome, count] : failures) {
    counts[static_cast<std::size_t>(outcome)] += count;
    successes -= count;
  }
  for (std::size_t i = 0; i < outcome_count; ++i) {
    const auto outcome = static_cast<request_outcome>(i);
    if (is_sent(outcome)) stats.sent += counts[i];
    if (is_response(outcome) && counts[i] != 0) stats.statuses[typical_status(outcome)] += counts[i];
  }
  const auto answered = response_count(counts);
  for (std::uint64_t i = 0; i < answered; ++i) {
    const auto tail = 1 / std::sqrt(1 - (static_cast<double>(i) + 0.5) / static_cast<double>(answered));
    stats.dispatch_lag.record(microseconds(10 * tail));
    stats.connection_wait.record(microseconds(base_us * tail / 20));
    stats.service_time.record(microseconds(base_us * tail * 0.9));
    stats.response_time.record(microseconds(base_us * tail));
    if (i < success_count(counts) && microseconds(base_us * tail) <= deadline) ++stats.on_time;
  }
  for (const auto& [outcome, count] : failures) {
    if (is_response(outcome)) continue;
    const std::chrono::milliseconds lower_bound{outcome == request_outcome::timeout ? 1000 : 400};
    for (std::uint64_t i = 0; i < count; ++i) stats.response_time.record_censored(lower_bound);
  }
  stats.bytes_received = answered * 420;
  return stats;
}

/// Returns part `index` of `total`. The `part_count` parts differ by at most 1.
inline std::uint64_t equal_part(std::uint64_t total, std::uint64_t index, std::uint64_t part_count) {
  return total * (index + 1) / part_count - total * index / part_count;
}

/// Returns the statistics of one second of a phase: an equal part of its requests, with slightly varying percentiles.
inline interval_stats make_interval_stats(const request_stats& phase, std::uint64_t second, std::uint64_t seconds) {
  const auto varied_percentile = [&](double percent) {
    return phase.response_time.observed().percentile(percent) * (9 + second % 3) / 10;
  };
  return {.planned = equal_part(phase.planned, second, seconds),
          .sent = equal_part(phase.sent, second, seconds),
          .answered = equal_part(response_count(phase.outcomes), second, seconds),
          .failed = equal_part(phase.failure_count(), second, seconds),
          .ended = equal_part(total_count(phase.outcomes), second, seconds),
          .p50_us = varied_percentile(50),
          .p90_us = varied_percentile(90),
          .p99_us = varied_percentile(99),
          .max_us = varied_percentile(100)};
}

template <class... Stats>
std::vector<request_stats> stats_list(Stats... stats) {
  std::vector<request_stats> list;
  (list.push_back(std::move(stats)), ...);
  return list;
}

inline interval_report make_interval(const phase_report& phase, std::size_t phase_index, std::uint64_t second,
                                     std::uint64_t seconds) {
  interval_report interval{.start = phase.start + std::chrono::seconds{second},
                           .length = std::chrono::seconds{1},
                           .phase = phase_index,
                           .totals = make_interval_stats(phase.totals, second, seconds)};
  auto& totals = interval.totals;
  totals.planned = totals.sent = totals.answered = totals.failed = totals.ended = 0;
  for (const auto& stats : phase.target_stats) {
    const auto& added = interval.target_stats.emplace_back(make_interval_stats(stats, second, seconds));
    totals.planned += added.planned;
    totals.sent += added.sent;
    totals.answered += added.answered;
    totals.failed += added.failed;
    totals.ended += added.ended;
  }
  const bool is_busy = totals.planned > 1000;
  interval.in_flight = is_busy ? 40 + second % 3 : 2;
  interval.waiting = is_busy ? 12 : 0;
  interval.busiest_worker_cpu = is_busy ? 0.35 : 0.0625;
  return interval;
}

/// Appends a phase with its intervals, and adds it to the totals.
inline void add_phase(run_report& report, std::string name, std::uint64_t seconds,
                      std::vector<request_stats> target_stats) {
  phase_report phase{
      .name = std::move(name), .length = std::chrono::seconds{seconds}, .target_stats = std::move(target_stats)};
  if (!report.phases.empty()) phase.start = report.phases.back().start + report.phases.back().length;
  report.target_stats.resize(phase.target_stats.size());
  for (std::size_t i = 0; i < phase.target_stats.size(); ++i) {
    phase.totals.add(phase.target_stats[i]);
    report.target_stats[i].add(phase.target_stats[i]);
    report.totals.add(phase.target_stats[i]);
  }
  for (std::uint64_t second = 0; second < seconds; ++second) {
    report.intervals.push_back(make_interval(phase, report.phases.size(), second, seconds));
  }
  report.planned_duration += phase.length;
  report.phases.push_back(std::move(phase));
}

inline objective upper_limit(std::string text, std::string target, objective::measure measure, double percent,
                             double limit) {
  return {.text = std::move(text),
          .target = std::move(target),
          .measured = measure,
          .percent = percent,
          .comparison = objective::comparison_operator::less,
          .limit = limit};
}

inline run_report make_report(std::string mode, std::string rate) {
  run_report report;
  report.mode = std::move(mode);
  report.start_time = wall_time{std::chrono::seconds{1'714'564'800}};  // 2024-05-01 12:00:00 UTC
  report.fingerprint = {{"mode", report.mode}, {"rate", std::move(rate)}, {"arrivals", "constant"}};
  report.generator = {.threads = 2,
                      .connections = 64,
                      .busiest_worker_cpu = 0.31,
                      .cpu_seconds = 4.25,
                      .peak_resident_bytes = 25'690'112};
  return report;
}

/// Returns a report with one target, one phase of 10 s and no failures.
inline run_report small() {
  auto report = make_report("balanced", "50");
  report.targets = {{"time", "GET", "http://127.0.0.1:8001/api/time", 1}};
  report.planned_rate = 50;
  add_phase(report, "balanced", 10, stats_list(make_stats(500, 300)));
  report.target_stats[0].connections_opened = report.totals.connections_opened = 4;
  report.run_duration = std::chrono::seconds{10};
  report.verdict.reasons = {"All 500 requests succeeded."};
  return report;
}

/// Returns the report `small`, but of a closed loop with four connections.
inline run_report closed_loop() {
  auto report = small();
  report.fingerprint[1].second = "max";
  report.planned_rate.reset();
  report.generator.connections = 4;
  for (auto* stats :
       {&report.totals, &report.target_stats[0], &report.phases[0].totals, &report.phases[0].target_stats[0]}) {
    stats->dispatch_lag = {};
    stats->connection_wait = {};
  }
  return report;
}

/// Returns the report `small`, but of callers that abandon attempts after 100 ms and make up to three attempts.
inline run_report with_retries() {
  auto report = small();
  report.callers = {.patience = std::chrono::milliseconds{100}, .max_retries = 2};
  for (auto* stats :
       {&report.totals, &report.target_stats[0], &report.phases[0].totals, &report.phases[0].target_stats[0]}) {
    stats->retries = 250;
    stats->abandoned = 200;
    stats->on_time = 480;
  }
  return report;
}

inline void add_missed_objectives(run_report& report) {
  const auto make_result = [](const objective& objective, double value, bool is_lower_bound = false) {
    return objective_result{objective, value < objective.limit && !is_lower_bound, value, is_lower_bound};
  };
  const auto p50 = report.totals.response_time.percentile(50);
  const auto p99 = report.target_stats.back().response_time.percentile(99);
  using measure = objective::measure;
  report.verdict.objectives = {
      make_result(upper_limit("p50<20ms", "", measure::percentile, 50, 20'000), static_cast<double>(p50.microseconds)),
      make_result(upper_limit("dashboard:p99<250ms", "dashboard", measure::percentile, 99, 250'000),
                  static_cast<double>(p99.microseconds), p99.is_lower_bound),
      make_result(upper_limit("error_rate<1%", "", measure::error_rate, 0, 0.01), report.totals.error_rate())};
  report.verdict.kind = verdict_kind::objective_failed;
  report.verdict.reasons = {"2 of 3 objectives were missed: dashboard:p99<250ms, error_rate<1%."};
}

inline server_report make_server(const run_report& report, std::size_t target, std::uint64_t served) {
  const auto& stats = report.target_stats[target];
  server_report server{.url = "http://127.0.0.1:800" + std::to_string(target + 1) + "/metrics",
                       .target = report.targets[target].name,
                       .sent = stats.sent,
                       .served = served,
                       .p99_us = stats.service_time.percentile(99) * 8 / 10,
                       .client_p99_us = stats.service_time.percentile(99)};
  for (std::size_t i = 0; i < report.phases.size(); ++i) {
    const auto& phase_stats = report.phases[i].target_stats[target];
    server.phases.push_back({.phase = report.phases[i].name,
                             .cpu_cores = i == 1 ? 0.82 : 0.06,
                             .resident_bytes = 18'874'368.0 + 1'048'576.0 * static_cast<double>(i),
                             .p99_us = phase_stats.service_time.percentile(99) * 8 / 10,
                             .served = phase_stats.sent});
  }
  return server;
}

inline void add_servers(run_report& report) {
  report.servers = {make_server(report, 0, report.target_stats[0].sent),
                    {.url = "http://127.0.0.1:8002/metrics", .target = "system_info", .failure = "connection refused"},
                    make_server(report, 2, report.target_stats[2].sent - 3),
                    make_server(report, 3, report.target_stats[3].sent + 40)};
}

/// Returns a report with four targets, rates of 100, 1600 and 100 requests/s, failures of several kinds in the middle,
/// and missed objectives.
inline run_report spike() {
  using enum request_outcome;
  constexpr auto deadline = std::chrono::milliseconds{250};
  auto report = make_report("spike", "100");
  report.targets = {{"time", "GET", "http://127.0.0.1:8001/api/time", 1},
                    {"system_info", "GET", "http://127.0.0.1:8002/api/system-info", 1},
                    {"weather", "GET", "http://127.0.0.1:8003/api/weather", 1},
                    {"dashboard", "GET", "http://127.0.0.1:8004/api/aggregate", 1}};
  report.planned_rate = 850;
  report.deadline = deadline;
  const auto stats = [&](std::uint64_t planned, double base_us, failure_counts failures = {}) {
    return make_stats(planned, base_us, failures, deadline);
  };
  add_phase(report, "calm", 3, stats_list(stats(75, 200), stats(75, 400), stats(75, 900), stats(75, 2500)));
  add_phase(report, "spike", 6,
            stats_list(stats(2400, 300, {{stale_reuse, 1}}), stats(2400, 600),
                       stats(2400, 2700, {{status_429, 12}, {status_503, 48}}),
                       stats(2400, 10'000, {{timeout, 30}, {reset, 6}, {unsent, 20}})));
  add_phase(report, "recovery", 3,
            stats_list(stats(75, 200), stats(75, 400, {{status_4xx, 5}}), stats(75, 1000),
                       stats(75, 2600, {{unfinished, 4}})));
  for (auto& target : report.target_stats) target.connections_opened = 16;
  report.totals.connections_opened = 64;
  report.run_duration = std::chrono::milliseconds{12'385};
  add_servers(report);
  add_missed_objectives(report);
  return report;
}

inline void add_knee(run_report& report) {
  const auto make_trial = [](std::int64_t rate, std::uint64_t p99_us, double error_rate, std::string reason = "") {
    return knee_report::trial{.rate = request_rate::per_second(rate),
                              .is_met = reason.empty(),
                              .p99 = {p99_us, p99_us >= 1'000'000},
                              .error_rate = error_rate,
                              .answered_per_second = static_cast<double>(rate) * (1 - error_rate),
                              .reason = std::move(reason)};
  };
  report.knee = {.trials = {make_trial(1000, 4'210, 0), make_trial(2000, 5'030, 0), make_trial(4000, 18'700, 0.0001),
                            make_trial(8000, 1'000'000, 0.231, "p99<50ms: was ≥ 1.00 s"),
                            make_trial(6000, 312'000, 0.0042, "p99<50ms: was 312 ms"), make_trial(4200, 21'100, 0)},
                 .capacity = request_rate::per_second(4200),
                 .is_bounded = true};
}

inline void add_baseline(run_report& report) {
  report.baseline = baseline_comparison{
      .file = "before.json",
      .measures = {
          {.name = "p50", .before = 1'230, .now = 1'215, .shift = -14, .p_value = 0.4123},
          {.name = "p99", .before = 18'200, .now = 31'900, .shift = 13'650, .p_value = 0.00002, .is_worse = true},
          {.name = "failed", .before = 0.021, .now = 0.0124, .shift = -0.0082, .p_value = 0.0031, .is_better = true}}};
  report.verdict.kind = verdict_kind::regression;
  report.verdict.reasons = {"p99 increased by 13.7 ms against before.json (p < 0.001)."};
  report.verdict.hints = {"Requests waited for a connection in 12 of 60 intervals."};
}

/// Returns a report with every section.
inline run_report full() {
  auto report = spike();
  add_knee(report);
  add_baseline(report);
  return report;
}

/// Returns a run that was stopped before the first request.
inline run_report empty() {
  auto report = make_report("balanced", "5");
  report.targets = {{"time", "GET", "http://127.0.0.1:8001/api/time", 1}};
  report.target_stats.resize(1);
  report.verdict.kind = verdict_kind::interrupted;
  return report;
}

/// Returns a report in which untrusted text has escape sequences, line feeds, invalid UTF-8 and excessive length.
inline run_report malicious() {
  auto report = spike();
  report.mode = "sp\x1b[31mike\r\n";
  report.targets[0].name = "evil\x1b]0;owned\x07\x9b name";
  report.targets[1].name = "a-target-name-that-is-much-longer-than-the-column-and-has-to-be-truncated-in-every-table";
  report.targets[2].name =
      "two\nlines\ttabbed\xc2\x9b"
      "31m";
  report.phases[1].name = "sp\x1b[2Jike";
  report.servers[1].failure = "\x1b[8mhidden\xff\xfe";
  report.verdict.reasons[0] += "\x1b[0;32mPASS";
  add_knee(report);
  report.knee->trials[3].reason = "\x1b[1Awhy";
  add_baseline(report);
  report.baseline->file = "\x1b[Hfile";
  return report;
}

}  // namespace cohort::loadgen::samples
