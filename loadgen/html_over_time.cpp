#include <algorithm>
#include <cmath>

#include "loadgen/figures.hpp"
#include "loadgen/html_sections.hpp"
#include "loadgen/markup.hpp"
#include "loadgen/svg_chart.hpp"

namespace cohort::loadgen::html {
namespace {

/// More than a screen has room for would only make the page large.
constexpr std::size_t most_points = 600;
constexpr std::size_t most_rows = 120;

double seconds(duration span) { return std::chrono::duration<double>(span).count(); }

/// Some intervals on end: counts are sums, and percentiles the greatest of theirs, since those of all together are not
/// known.
struct stretch {
  duration start{};
  duration length{};
  std::size_t phase = 0;
  interval_tally sums;
  std::uint64_t in_flight = 0;  // the most at the end of one of them
  std::uint64_t waiting = 0;

  void add(const interval& next) {
    length += next.length;
    in_flight = std::max(in_flight, next.in_flight);
    waiting = std::max(waiting, next.waiting);
    sums.planned += next.all.planned;
    sums.sent += next.all.sent;
    sums.answered += next.all.answered;
    sums.failed += next.all.failed;
    sums.p50_us = std::max(sums.p50_us, next.all.p50_us);
    sums.p90_us = std::max(sums.p90_us, next.all.p90_us);
    sums.p99_us = std::max(sums.p99_us, next.all.p99_us);
    sums.max_us = std::max(sums.max_us, next.all.max_us);
  }
  double rate(std::uint64_t count) const { return per_second(count, length); }
  double from() const { return seconds(start); }
  double to() const { return seconds(start + length); }
};

std::size_t intervals_each(const std::vector<interval>& all, std::size_t most) {
  return std::max<std::size_t>(1, (all.size() + most - 1) / most);
}

std::vector<stretch> stretches(const std::vector<interval>& all, std::size_t most) {
  const auto each = intervals_each(all, most);
  std::vector<stretch> made;
  for (std::size_t i = 0; i < all.size(); ++i) {
    // A rest of less than half a second would have a rate that says little.
    const bool rest = i + 1 == all.size() && all[i].length * 2 < all.front().length;
    if (made.empty() || (i % each == 0 && !rest)) made.push_back({.start = all[i].start, .phase = all[i].phase});
    made.back().add(all[i]);
  }
  return made;
}

/// To the whole second: the last answer of a minute's run comes some milliseconds before the minute is over.
duration end_of(const std::vector<interval>& all) {
  return std::chrono::ceil<std::chrono::seconds>(all.back().start + all.back().length);
}

std::string span_text(const report& run, const stretch& of) {
  auto text = seconds_text(of.start) + " to " + seconds_text(of.start + of.length);
  if (run.phases.size() > 1 && of.phase < run.phases.size()) text += ", " + run.phases[of.phase].name;
  return text;
}

std::string latencies_text(const stretch& of) {
  if (of.sums.answered == 0) return "no answers";
  return "p50 " + duration_text(of.sums.p50_us) + ", p90 " + duration_text(of.sums.p90_us) + ", p99 " +
         duration_text(of.sums.p99_us) + ", max " + duration_text(of.sums.max_us);
}

std::string rates_text(const report& run, const stretch& of) {
  std::string text;
  if (!run.closed_loop) text = "planned " + rate_text(of.rate(of.sums.planned)) + "/s, ";
  return text + "sent " + rate_text(of.rate(of.sums.sent)) + "/s, answered " + rate_text(of.rate(of.sums.answered)) +
         "/s, failed " + rate_text(of.rate(of.sums.failed)) + "/s";
}

void add_phases(chart& to, const report& of) {
  if (of.phases.size() < 2 || of.phases.size() > most_phases) return;
  for (std::size_t i = 0; i < of.phases.size(); ++i) {
    const auto& phase = of.phases[i];
    to.band(seconds(phase.start), seconds(phase.start + phase.length), phase.name, i % 2 == 1);
  }
}

std::string folded_rows(const report& run, const table& rows) {
  const auto length = run.intervals.front().length * intervals_each(run.intervals, most_rows);
  return folded("The figures, " + seconds_text(length) + " a row", rows.html());
}

std::string latency_rows(const report& run) {
  table rows{{{"time", table::align::words}, {"answered"}, {"p50"}, {"p90"}, {"p99"}, {"max"}}};
  for (const auto& each : stretches(run.intervals, most_rows)) {
    const auto& of = each.sums;
    const auto latency = [&](std::uint64_t us) { return text(of.answered != 0 ? duration_text(us) : "–"); };
    rows.add({text(span_text(run, each)), text(count_text(of.answered)), latency(of.p50_us), latency(of.p90_us),
              latency(of.p99_us), latency(of.max_us)});
  }
  return folded_rows(run, rows);
}

std::string request_rows(const report& run) {
  table rows{
      {{"time", table::align::words}, {"planned"}, {"sent"}, {"answered"}, {"failed"}, {"in flight"}, {"waiting"}}};
  for (const auto& each : stretches(run.intervals, most_rows)) {
    const auto& of = each.sums;
    rows.add({text(span_text(run, each)), text(run.closed_loop ? "–" : count_text(of.planned)),
              text(count_text(of.sent)), text(count_text(of.answered)), text(count_text(of.failed)),
              text(count_text(each.in_flight)), text(count_text(each.waiting))});
  }
  return folded_rows(run, rows);
}

std::string merging_note(const report& of) {
  const auto each = intervals_each(of.intervals, most_points);
  if (each == 1) return {};
  return " Each point is the greatest value of " + count_text(each) + " intervals on end.";
}

std::vector<step> rates(const std::vector<stretch>& parts, std::uint64_t interval_tally::* count) {
  std::vector<step> made;
  for (const auto& each : parts) made.push_back({each.from(), each.to(), each.rate(each.sums.*count)});
  return made;
}

}  // namespace

std::string latency_over_time(const report& of) {
  const auto parts = stretches(of.intervals, most_points);
  std::uint64_t least = histogram::greatest_trackable;
  std::uint64_t greatest = 0;
  for (const auto& each : parts) {
    if (each.sums.answered == 0) continue;
    least = std::min(least, each.sums.p50_us);
    greatest = std::max(greatest, each.sums.max_us);
  }
  if (greatest == 0) return {};

  chart drawn{"Response time over the run: p50, p90, p99 and the greatest of each second; from " +
                  duration_text(least) + " to " + duration_text(greatest),
              time_axis(end_of(of.intervals), "since the start"),
              duration_axis(static_cast<double>(least), static_cast<double>(greatest), "response time, logarithmic")};
  add_phases(drawn, of);
  struct series {
    std::string_view style;
    std::string_view name;
    std::uint64_t interval_tally::* value;
  };
  constexpr series all[] = {{"max", "max", &interval_tally::max_us},
                            {"p99", "p99", &interval_tally::p99_us},
                            {"p90", "p90", &interval_tally::p90_us},
                            {"p50", "p50", &interval_tally::p50_us}};
  for (const auto& each : all) {
    std::vector<point> points;
    for (const auto& part : parts) {
      points.push_back({(part.from() + part.to()) / 2, std::nullopt});
      if (part.sums.answered != 0) points.back().y = static_cast<double>(part.sums.*each.value);
    }
    drawn.line(each.style, points);
    drawn.legend(each.style, each.name);
  }
  for (const auto& each : parts) {
    drawn.explain(each.from(), each.to(), span_text(of, each) + ": " + latencies_text(each));
  }
  return section(
      "Latency over time",
      "Response times of the answers that came in each second; a gap is a second without answers." + merging_note(of),
      drawn.html() + latency_rows(of));
}

std::string requests_over_time(const report& of) {
  if (of.intervals.empty()) return {};
  const auto parts = stretches(of.intervals, most_points);
  const auto planned = rates(parts, &interval_tally::planned);
  const auto sent = rates(parts, &interval_tally::sent);
  const auto answered = rates(parts, &interval_tally::answered);
  const auto failed = rates(parts, &interval_tally::failed);
  double greatest = 0;
  for (const auto* series : {&planned, &sent, &answered, &failed}) {
    for (const auto& each : *series) greatest = std::max(greatest, each.y);
  }

  chart drawn{"Requests a second over the run: planned, sent, answered and failed; at most " + rate_text(greatest),
              time_axis(end_of(of.intervals), "since the start"), amount_axis(greatest, "requests a second")};
  add_phases(drawn, of);
  if (!of.closed_loop) {
    drawn.filled("planned", planned);
    drawn.legend("planned", "planned");
  }
  drawn.outline("sent", sent);
  drawn.outline("answered", answered);
  for (const auto& each : failed) {
    if (each.y > 0) drawn.bar("failed", each, "");
  }
  for (const auto& each : parts) {
    drawn.explain(each.from(), each.to(), span_text(of, each) + ": " + rates_text(of, each));
  }
  drawn.legend("sent", "sent");
  drawn.legend("answered", "answered");
  drawn.legend("failed", "failed");
  const auto each = intervals_each(of.intervals, most_points);
  return section("Requests over time",
                 "Sent counts when a request was written, answered and failed when that happened." +
                     (each == 1 ? "" : " Each step is the mean of " + count_text(each) + " intervals on end."),
                 drawn.html() + request_rows(of));
}

}  // namespace cohort::loadgen::html
