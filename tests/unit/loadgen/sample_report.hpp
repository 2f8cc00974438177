#pragma once

#include <chrono>
#include <cmath>
#include <initializer_list>
#include <numeric>
#include <string>
#include <utility>

#include "loadgen/report.hpp"

// Reports as the engine makes them, for tests of what shows them. Everything in them adds up.
namespace cohort::loadgen::samples {

using failures = std::initializer_list<std::pair<outcome, std::uint64_t>>;

inline duration microseconds(double count) { return duration{std::llround(count * 1e3)}; }

inline unsigned typical_status(outcome what) {
  switch (what) {
    case outcome::status_2xx: return 200;
    case outcome::status_3xx: return 304;
    case outcome::status_4xx: return 404;
    case outcome::status_429: return 429;
    case outcome::status_5xx: return 500;
    case outcome::status_503: return 503;
    default: return 200;
  }
}

inline bool was_sent(outcome what) {
  return is_answer(what) || what == outcome::timeout || what == outcome::reset || what == outcome::early_eof ||
         what == outcome::stale_reuse || what == outcome::protocol || what == outcome::unfinished;
}

/// `planned` requests that succeed but for `failed`. The response times have a heavy tail: p50 is 1.41 times `base_us`,
/// p99 10 times, p99.9 32 times, and so have the parts that they consist of.
inline tally tally_of(std::uint64_t planned, double base_us, failures failed = {}, duration deadline = {}) {
  tally made;
  made.planned = planned;
  auto& counts = made.outcomes;
  counts[static_cast<std::size_t>(outcome::status_2xx)] = planned;
  for (const auto& [what, count] : failed) {
    counts[static_cast<std::size_t>(what)] += count;
    counts[static_cast<std::size_t>(outcome::status_2xx)] -= count;
  }
  for (std::size_t i = 0; i < outcome_count; ++i) {
    const auto what = static_cast<outcome>(i);
    if (was_sent(what)) made.sent += counts[i];
    if (is_answer(what) && counts[i] != 0) made.statuses[typical_status(what)] += counts[i];
  }
  const auto answered = answers(counts);
  for (std::uint64_t i = 0; i < answered; ++i) {
    const auto tail = 1 / std::sqrt(1 - (static_cast<double>(i) + 0.5) / static_cast<double>(answered));
    made.dispatch_lag.record(microseconds(10 * tail));
    made.connection_wait.record(microseconds(base_us * tail / 20));
    made.service.record(microseconds(base_us * tail * 0.9));
    made.response.record(microseconds(base_us * tail));
    if (i < successes(counts) && microseconds(base_us * tail) <= deadline) ++made.on_time;
  }
  for (const auto& [what, count] : failed) {
    if (is_answer(what)) continue;
    for (std::uint64_t i = 0; i < count; ++i) {
      made.response.record_at_least(std::chrono::milliseconds{what == outcome::timeout ? 1000 : 400});
    }
  }
  made.bytes_received = answered * 420;
  return made;
}

/// The `part`-th of `parts` portions of `whole` as equal as whole numbers can be.
inline std::uint64_t portion(std::uint64_t whole, std::uint64_t part, std::uint64_t parts) {
  return whole * (part + 1) / parts - whole * part / parts;
}

/// One second of a phase, as if its requests had been spread evenly; percentiles go up and down a little.
inline interval_tally second_of(const tally& phase, std::uint64_t second, std::uint64_t seconds) {
  const auto wobble = [&](double percent) {
    return phase.response.known().percentile(percent) * (9 + second % 3) / 10;
  };
  return {.planned = portion(phase.planned, second, seconds),
          .sent = portion(phase.sent, second, seconds),
          .answered = portion(answers(phase.outcomes), second, seconds),
          .failed = portion(total(phase.outcomes) - successes(phase.outcomes), second, seconds),
          .ended = portion(total(phase.outcomes), second, seconds),
          .p50_us = wobble(50),
          .p90_us = wobble(90),
          .p99_us = wobble(99),
          .max_us = wobble(100)};
}

template <class... Tallies>
std::vector<tally> tallies(Tallies... each) {
  std::vector<tally> made;
  (made.push_back(std::move(each)), ...);
  return made;
}

/// Appends a phase of whole seconds and its intervals, and adds it to the sums.
inline void add_phase(report& to, std::string name, std::uint64_t seconds, std::vector<tally> targets) {
  phase_report made{.name = std::move(name), .length = std::chrono::seconds{seconds}, .targets = std::move(targets)};
  if (!to.phases.empty()) made.start = to.phases.back().start + to.phases.back().length;
  to.by_target.resize(made.targets.size());
  for (std::size_t i = 0; i < made.targets.size(); ++i) {
    made.all.add(made.targets[i]);
    to.by_target[i].add(made.targets[i]);
    to.all.add(made.targets[i]);
  }
  for (std::uint64_t second = 0; second < seconds; ++second) {
    interval of{.start = made.start + std::chrono::seconds{second},
                .length = std::chrono::seconds{1},
                .phase = to.phases.size(),
                .all = second_of(made.all, second, seconds)};
    of.all.planned = of.all.sent = of.all.answered = of.all.failed = of.all.ended = 0;
    for (const auto& target : made.targets) {
      const auto& one = of.targets.emplace_back(second_of(target, second, seconds));
      of.all.planned += one.planned;
      of.all.sent += one.sent;
      of.all.answered += one.answered;
      of.all.failed += one.failed;
      of.all.ended += one.ended;
    }
    const bool busy = of.all.planned > 1000;
    of.in_flight = busy ? 40 + second % 3 : 2;
    of.waiting = busy ? 12 : 0;
    of.busiest_worker_cpu = busy ? 0.35 : 0.0625;
    to.intervals.push_back(std::move(of));
  }
  to.planned_length += made.length;
  to.phases.push_back(std::move(made));
}

inline objective at_most(std::string text, std::string target, objective::measure of, double percent, double limit) {
  return {.text = std::move(text),
          .target = std::move(target),
          .of = of,
          .percent = percent,
          .how = objective::comparison::less,
          .limit = limit};
}

inline report titled(std::string mode, std::string rate) {
  report made;
  made.mode = std::move(mode);
  made.started = wall_time{std::chrono::seconds{1'714'564'800}};  // 2024-05-01 12:00:00 UTC
  made.fingerprint = {{"mode", made.mode}, {"rate", std::move(rate)}, {"arrivals", "constant"}};
  made.generator = {.threads = 2,
                    .connections = 64,
                    .busiest_worker_cpu = 0.31,
                    .cpu_seconds = 4.25,
                    .peak_resident_bytes = 25'690'112};
  return made;
}

/// One target, one phase, 10 s, nothing that failed.
inline report small() {
  auto made = titled("balanced", "50");
  made.targets = {{"time", "GET", "http://127.0.0.1:8001/api/time", 1}};
  made.planned_per_second = 50;
  add_phase(made, "balanced", 10, tallies(tally_of(500, 300)));
  made.by_target[0].connections_opened = made.all.connections_opened = 4;
  made.took = std::chrono::seconds{10};
  made.outcome.reasons = {"All 500 requests were answered with success."};
  return made;
}

/// The same with as many requests at once as there are connections: no plan, no intended starts.
inline report closed_loop() {
  auto made = small();
  made.fingerprint[1].second = "max";
  made.closed_loop = true;
  made.planned_per_second = 0;
  made.generator.connections = 4;
  for (auto* of : {&made.all, &made.by_target[0], &made.phases[0].all, &made.phases[0].targets[0]}) {
    of->dispatch_lag = {};
    of->connection_wait = {};
  }
  return made;
}

inline void judge(report& of) {
  const auto held = [](const objective& wanted, double was, bool lower_bound = false) {
    return objective_result{wanted, was < wanted.limit && !lower_bound, was, lower_bound};
  };
  const auto p50 = of.all.response.percentile(50);
  const auto p99 = of.by_target.back().response.percentile(99);
  using measure = objective::measure;
  of.outcome.objectives = {
      held(at_most("p50<20ms", "", measure::percentile, 50, 20'000), static_cast<double>(p50.microseconds)),
      held(at_most("dashboard:p99<250ms", "dashboard", measure::percentile, 99, 250'000),
           static_cast<double>(p99.microseconds), p99.lower_bound),
      held(at_most("error_rate<1%", "", measure::error_rate, 0, 0.01), of.all.error_rate())};
  of.outcome.kind = verdict_kind::objective_failed;
  of.outcome.reasons = {"2 of 3 objectives were missed: dashboard:p99<250ms, error_rate<1%."};
}

inline void add_servers(report& to) {
  const auto server = [&](std::size_t target, std::uint64_t served) {
    const auto& name = to.targets[target].name;
    const auto& of = to.by_target[target];
    server_side made{.url = "http://127.0.0.1:800" + std::to_string(target + 1) + "/metrics",
                     .target = name,
                     .sent = of.sent,
                     .served = served,
                     .p99_us = of.service.percentile(99) * 8 / 10,
                     .client_p99_us = of.service.percentile(99)};
    for (std::size_t i = 0; i < to.phases.size(); ++i) {
      made.phases.push_back({.phase = to.phases[i].name,
                             .cpu_cores = i == 1 ? 0.82 : 0.06,
                             .resident_bytes = 18'874'368.0 + 1'048'576.0 * static_cast<double>(i),
                             .p99_us = to.phases[i].targets[target].service.percentile(99) * 8 / 10,
                             .served = to.phases[i].targets[target].sent});
    }
    return made;
  };
  to.servers.push_back(server(0, to.by_target[0].sent));
  to.servers.push_back({.url = "http://127.0.0.1:8002/metrics", .target = "system_info", .failure = "connect refused"});
  to.servers.push_back(server(2, to.by_target[2].sent - 3));
  to.servers.push_back(server(3, to.by_target[3].sent + 40));
}

/// Four targets; 100, 1600 and 100 requests a second; errors of many kinds in the middle; objectives that are missed.
inline report spike() {
  constexpr auto deadline = std::chrono::milliseconds{250};
  auto made = titled("spike", "100");
  made.targets = {{"time", "GET", "http://127.0.0.1:8001/api/time", 1},
                  {"system_info", "GET", "http://127.0.0.1:8002/api/system-info", 1},
                  {"weather", "GET", "http://127.0.0.1:8003/api/weather", 1},
                  {"dashboard", "GET", "http://127.0.0.1:8004/api/aggregate", 1}};
  made.planned_per_second = 850;
  made.deadline = deadline;
  const auto of = [&](std::uint64_t planned, double base_us, failures failed = {}) {
    return tally_of(planned, base_us, failed, deadline);
  };
  add_phase(made, "calm", 3, tallies(of(75, 200), of(75, 400), of(75, 900), of(75, 2500)));
  add_phase(made, "spike", 6,
            tallies(of(2400, 300, {{outcome::stale_reuse, 1}}), of(2400, 600),
                    of(2400, 2700, {{outcome::status_429, 12}, {outcome::status_503, 48}}),
                    of(2400, 10'000, {{outcome::timeout, 30}, {outcome::reset, 6}, {outcome::unsent, 20}})));
  add_phase(made, "recovery", 3,
            tallies(of(75, 200), of(75, 400, {{outcome::status_4xx, 5}}), of(75, 1000),
                    of(75, 2600, {{outcome::unfinished, 4}})));
  for (auto& target : made.by_target) target.connections_opened = 16;
  made.all.connections_opened = 64;
  made.took = std::chrono::milliseconds{12'385};
  add_servers(made);
  judge(made);
  return made;
}

inline void add_knee(report& to) {
  const auto probe = [](std::int64_t rate, std::uint64_t p99_us, double error_rate, std::string why = "") {
    const auto answered = static_cast<double>(rate) * (1 - error_rate);
    return knee_result::probe{request_rate::per_second(rate),
                              why.empty(),
                              true,
                              {p99_us, p99_us >= 1'000'000},
                              error_rate,
                              answered,
                              std::move(why)};
  };
  to.knee = {.probes = {probe(1000, 4'210, 0), probe(2000, 5'030, 0), probe(4000, 18'700, 0.0001),
                        probe(8000, 1'000'000, 0.231, "p99<50ms: it was ≥ 1.00 s"),
                        probe(6000, 312'000, 0.0042, "p99<50ms: it was 312 ms"), probe(4200, 21'100, 0)},
             .capacity = request_rate::per_second(4200),
             .bounded = true};
}

inline void add_baseline(report& to) {
  to.baseline = comparison{
      .file = "before.json",
      .measures = {
          {.name = "p50", .before = 1'230, .now = 1'215, .shift = -14, .p_value = 0.4123},
          {.name = "p99", .before = 18'200, .now = 31'900, .shift = 13'650, .p_value = 0.00002, .worse = true},
          {.name = "failed", .before = 0.021, .now = 0.0124, .shift = -0.0082, .p_value = 0.0031, .better = true}}};
  to.outcome.kind = verdict_kind::regression;
  to.outcome.reasons = {"p99 became 13.7 ms longer than in before.json (p < 0.001)."};
}

/// Everything that a report can have.
inline report full() {
  auto made = spike();
  add_knee(made);
  add_baseline(made);
  return made;
}

/// A run that was stopped before anything happened.
inline report empty() {
  auto made = titled("balanced", "5");
  made.targets = {{"time", "GET", "http://127.0.0.1:8001/api/time", 1}};
  made.by_target.resize(1);
  made.outcome.kind = verdict_kind::interrupted;
  return made;
}

/// What someone outside may try: escape sequences, newlines, bytes that are no UTF-8, and far too long.
inline report hostile() {
  auto made = spike();
  made.mode = "sp\x1b[31mike\r\n";
  made.targets[0].name = "evil\x1b]0;owned\x07\x9b name";
  made.targets[1].name = "a-name-that-goes-on-and-on-and-on-until-nobody-knows-what-it-was-about-in-the-first-place";
  made.targets[2].name =
      "two\nlines\ttabbed\xc2\x9b"
      "31m";
  made.phases[1].name = "sp\x1b[2Jike";
  made.servers[1].failure = "\x1b[8mhidden\xff\xfe";
  made.outcome.reasons[0] += "\x1b[0;32mPASS";
  add_knee(made);
  made.knee->probes[3].why = "\x1b[1Awhy";
  add_baseline(made);
  made.baseline->file = "\x1b[Hfile";
  return made;
}

}  // namespace cohort::loadgen::samples
