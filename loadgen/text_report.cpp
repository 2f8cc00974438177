#include <algorithm>
#include <cmath>
#include <numeric>

#include "loadgen/figures.hpp"
#include "loadgen/headline.hpp"
#include "loadgen/outputs.hpp"
#include "loadgen/text_findings.hpp"

namespace cohort::loadgen {
namespace {

using namespace terminal;

constexpr std::size_t widest_sparkline = 60;

paint paint_of(verdict_kind kind) {
  switch (kind) {
    case verdict_kind::passed: return paint::good;
    case verdict_kind::interrupted: return paint::warning;
    case verdict_kind::objective_failed:
    case verdict_kind::invalid:
    case verdict_kind::regression: return paint::bad;
  }
  return paint::bad;
}

std::string targets_text(const report& of) {
  if (of.targets.size() == 1) return of.targets[0].name + ": " + of.targets[0].method + ' ' + of.targets[0].url;
  auto text = count_text(of.targets.size()) + " targets";
  for (std::size_t i = 0; i < of.targets.size(); ++i) text += (i == 0 ? ": " : ", ") + of.targets[i].name;
  return text;
}

void write_header(page& to, const report& of) {
  to.add(line{{std::string{of.outcome.word()}, paint_of(of.outcome.kind), true},
              {"  "},
              {of.mode, paint::plain, true},
              {", " + load_text(of)}});
  to.sentence(targets_text(of));
  auto circumstances = "started " + date_text(of.started);
  for (const auto& [name, value] : of.fingerprint) {
    if (name == "arrivals" && !of.closed_loop)
      circumstances.insert(0, value + (value == "constant" ? " arrivals, " : ", "));
  }
  to.sentence(circumstances, paint::dim);
}

table::row latency_row(const std::string& name, const tally& of, bool strong = false) {
  table::row cells{{name, paint::plain, strong}};
  for (const double percent : {50.0, 90.0, 95.0, 99.0, 99.9, 99.99, 100.0}) {
    cells.push_back({percentile_text(of.response, percent), paint::plain, strong});
  }
  return cells;
}

void write_latency(page& to, const report& of) {
  using enum table::align;
  table rows{{{""},
              {"p50"},
              {"p90", right, 2},
              {"p95", right, 4},
              {"p99"},
              {"p99.9", right, 3},
              {"p99.99", right, 5},
              {"max", right, 1}}};
  for (std::size_t i = 0; i < std::min(of.targets.size(), of.by_target.size()); ++i) {
    rows.add(latency_row(of.targets[i].name, of.by_target[i]));
  }
  if (of.targets.size() != 1) rows.add(latency_row("all", of.all, true));
  to.heading(of.closed_loop ? "Response time" : "Response time, from when each request was meant to start").add(rows);
  if (of.closed_loop) {
    to.sentence(
        "Closed loop: a connection sends only when its last answer has come, so a slow server is asked less. What the "
        "requests that were not sent meanwhile would have waited is in no figure here (coordinated omission). For "
        "that, give a rate.",
        paint::warning);
  }
  if (const auto censored = of.all.response.censored(); censored != 0) {
    to.sentence("≥: " + count_text(censored) +
                    (censored == 1 ? " request had no answer and counts with what it waited at least."
                                   : " requests had no answer and count with what they waited at least."),
                paint::dim);
  }
}

void write_split(page& to, const report& of) {
  table rows{{{""}, {"p50"}, {"p99"}, {"max"}, {"", table::align::left, 1}}};
  const auto part = [&](const char* name, const histogram& times, const char* meaning) {
    if (times.count() == 0) return;
    rows.add({{name},
              {percentile_text(times, 50)},
              {percentile_text(times, 99)},
              {percentile_text(times, 100)},
              {meaning, paint::dim}});
  };
  part("service", of.all.service, "from sent to answered");
  part("dispatch lag", of.all.dispatch_lag, "the generator's own lateness");
  part("connection wait", of.all.connection_wait, "from then until it was sent");
  if (!rows.empty()) to.heading("Where that time went, all targets").add(rows);
}

/// What came during it, not what became of its requests, of which some may have come much later.
double answered_per_second(const report& of, std::size_t phase) {
  std::uint64_t answered = 0;
  duration length{};
  for (const auto& one : of.intervals) {
    if (one.phase != phase) continue;
    answered += one.all.answered;
    length += one.length;
  }
  if (length > duration{}) return per_second(answered, length);
  return per_second(answers(of.phases[phase].all.outcomes), of.phases[phase].length);
}

void write_phases(page& to, const report& of) {
  if (of.phases.size() < 2) return;
  using enum table::align;
  table rows{{{""},
              {of.closed_loop ? "" : "planned/s", right, 2},
              {"sent", right, 4},
              {"answered/s"},
              {"failed", right, 1},
              {"p50", right, 3},
              {"p99"},
              {"max", right, 5}}};
  for (std::size_t i = 0; i < of.phases.size(); ++i) {
    const auto& phase = of.phases[i];
    const auto failed = phase.all.error_rate();
    rows.add({{phase.name},
              {of.closed_loop ? "" : rate_text(per_second(phase.all.planned, phase.length))},
              {count_text(phase.all.sent)},
              {rate_text(answered_per_second(of, i))},
              {share_text(failed), failed > 0 ? paint::bad : paint::plain},
              {percentile_text(phase.all.response, 50)},
              {percentile_text(phase.all.response, 99)},
              {percentile_text(phase.all.response, 100)}});
  }
  to.heading("Phases").add(rows);
}

void write_course(page& to, const report& of, text_style style) {
  const auto room = std::min<std::size_t>(widest_sparkline, style.columns > 36 ? style.columns - 32 : 0);
  auto shown = of.intervals.size();
  // A few answers in what is left after the last second make no rate.
  if (shown > 0 && of.intervals.back().length * 2 < of.intervals.front().length) --shown;
  if (shown < 3 || room == 0) return;
  const auto group = (shown + room - 1) / room;
  std::vector<double> answered;
  std::vector<double> p99;
  duration longest{};
  for (std::size_t first = 0; first < shown; first += group) {
    std::uint64_t count = 0;
    std::uint64_t slowest = 0;
    duration length{};
    for (std::size_t i = first; i < std::min(first + group, shown); ++i) {
      count += of.intervals[i].all.answered;
      slowest = std::max(slowest, of.intervals[i].all.p99_us);
      length += of.intervals[i].length;
    }
    answered.push_back(per_second(count, length));
    p99.push_back(static_cast<double>(slowest));
    longest = std::max(longest, length);
  }
  const auto most = [](const std::vector<double>& values) { return *std::max_element(values.begin(), values.end()); };
  table rows{{{""}, {"", table::align::left}, {"", table::align::left}}};
  rows.add({{"answered/s"}, {sparkline(answered, room), paint::accent}, {"up to " + rate_text(most(answered))}});
  rows.add({});  // so that the two do not touch
  rows.add({{"p99"},
            {sparkline(p99, room), paint::accent},
            {"up to " + duration_text(static_cast<std::uint64_t>(most(p99)))}});
  to.heading("Over time, " + seconds_text(longest) + " a column").add(rows);
}

void write_load(page& to, const report& of) {
  const auto& all = of.all;
  const auto length = load_length(of);
  const auto planned = of.closed_loop ? 0 : all.planned;
  table rows{{{""}, {"requests"}, {"per second"}, {planned == 0 ? "" : "of planned"}, {"", table::align::left, 1}}};
  const auto add = [&](const char* name, std::uint64_t count, std::string rate, std::string note = {},
                       paint how = paint::plain) {
    rows.add({{name, how},
              {count_text(count)},
              {std::move(rate)},
              {planned == 0 ? "" : share_text(count, planned)},
              {std::move(note), paint::dim}});
  };
  if (planned != 0) add("planned", planned, rate_text(per_second(planned, length)));
  add("sent", all.sent, rate_text(per_second(all.sent, length)));
  add("answered", answers(all.outcomes), rate_text(per_second(answers(all.outcomes), of.took)),
      bytes_text(static_cast<double>(all.bytes_received)) + " received");
  if (of.deadline) {
    const auto within =
        duration_text(static_cast<std::uint64_t>(std::max<std::int64_t>(0, of.deadline->count() / 1000)));
    add("goodput", all.on_time, rate_text(per_second(all.on_time, of.took)), "successes within " + within);
  }
  for (const auto what : {outcome::unsent, outcome::unfinished}) {
    const auto count = all.outcomes[static_cast<std::size_t>(what)];
    if (count != 0) add(what == outcome::unsent ? "never sent" : "unfinished", count, "", "", paint::bad);
  }
  to.heading(of.closed_loop ? "Load" : "Load, offered against planned").add(rows);
}

void write_generator(page& to, const report& of) {
  const auto& own = of.generator;
  table rows{{{""}, {"", table::align::left}}};
  const auto busiest = fixed_text(own.busiest_worker_cpu * 100, 0) + " % of a core";
  rows.add({{"processor"},
            {(own.threads == 1 ? busiest : busiest + " for the busiest of " + count_text(own.threads) + " workers") +
             ", " + fixed_text(own.cpu_seconds, 2) + " s in all"}});
  if (of.all.dispatch_lag.count() != 0) {
    rows.add({{"dispatch lag"}, {"p99 " + percentile_text(of.all.dispatch_lag, 99)}});
  }
  rows.add({{"memory"}, {bytes_text(static_cast<double>(own.peak_resident_bytes)) + " at most"}});
  rows.add({{"connections"},
            {count_text(of.all.connections_opened) + " opened, " + count_text(own.connections) + " allowed at once"}});
  to.heading("The generator itself").add(rows);
}

void write_verdict(page& to, const report& of) {
  const auto& judged = of.outcome;
  to.blank().add(line{{std::string{judged.word()}, paint_of(judged.kind), true}});
  for (const auto& reason : judged.reasons) to.sentence(reason);
  table rows{{{""}, {"", table::align::left}, {"", table::align::left}}};
  for (const auto& one : judged.objectives) {
    const auto how = one.held ? paint::good : paint::bad;
    const bool unknown = one.lower_bound && one.was < one.wanted.limit;
    rows.add({{one.held ? "✓ held" : "✗ missed", how},
              {one.wanted.text},
              {(one.lower_bound ? "was ≥ " : "was ") + describe(one.wanted, one.was) +
               (unknown ? ", not shown to hold" : "")}});
  }
  if (!rows.empty()) to.add(rows);
}

/// The lines that scripts look for: without colour, and in digits that they can read.
void write_totals(page& to, const report& of) {
  const auto all = total(of.all.outcomes);
  const auto succeeded = successes(of.all.outcomes);
  to.blank();
  to.add(line{{"Total Requests: " + std::to_string(all)}});
  to.add(line{{"Successful:     " + std::to_string(succeeded)}});
  to.add(line{{"Failed:         " + std::to_string(all - succeeded)}});
  to.add(line{{"Duration:       " + seconds_text(of.took)}});
  to.add(line{{"Average Rate:   " + fixed_text(per_second(of.all.sent, of.took), 2) + " requests/s"}});
}

}  // namespace

std::string text_report(const report& of, text_style style) {
  page to{style};
  write_header(to, of);
  write_load(to, of);
  write_phases(to, of);
  write_course(to, of, style);
  write_latency(to, of);
  write_split(to, of);
  write_outcomes(to, of);
  write_servers(to, of);
  write_generator(to, of);
  write_knee(to, of);
  write_baseline(to, of);
  write_verdict(to, of);
  write_totals(to, of);
  return std::move(to).text();
}

}  // namespace cohort::loadgen
