#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <set>

#include "loadgen/outputs.hpp"
#include "tests/unit/loadgen/markup_check.hpp"
#include "tests/unit/loadgen/sample_report.hpp"

namespace cohort::loadgen {
namespace {

using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

using samples::empty;
using samples::full;

/// Requests that had no answer, in one part of a second.
report unanswered() {
  auto made = empty();
  made.intervals = {{.length = 300ms, .all = {.planned = 3, .sent = 3, .failed = 3}}};
  made.all.planned = 3;
  made.all.outcomes[static_cast<std::size_t>(outcome::timeout)] = 3;
  for (int i = 0; i < 3; ++i) made.all.response.record_at_least(100ms);
  return made;
}

report of_one_second() {
  auto made = empty();
  samples::add_phase(made, "all", 1, samples::tallies(samples::tally_of(1, 300)));
  return made;
}

/// A day of seconds, in more phases than anybody reads.
report of_a_day() {
  auto made = samples::small();
  const auto second = made.intervals.front().all;
  made.intervals.clear();
  for (int i = 0; i < 86'400; ++i) made.intervals.push_back({.start = i * 1s, .length = 1s, .all = second});
  made.phases.clear();
  for (int i = 0; i < 8640; ++i) made.phases.push_back({.name = "burst", .start = i * 10s, .length = 10s});
  return made;
}

/// Every text that comes from outside is markup.
report marked_up() {
  const std::string hostile = R"(<script>alert(1)</script>"'&" onload="x)";
  auto made = full();
  made.mode = hostile;
  for (auto& [name, value] : made.fingerprint) name = value = hostile;
  for (auto& each : made.targets) each.name = each.method = each.url = hostile;
  for (auto& each : made.phases) each.name = hostile;
  for (auto& each : made.servers) each.url = each.target = hostile;
  for (auto& each : made.servers[0].phases) each.phase = hostile;
  for (auto& each : made.knee->probes) each.why = hostile;
  for (auto& each : made.baseline->measures) each.name = hostile;
  for (auto& each : made.outcome.objectives) each.wanted.text = hostile;
  made.servers[1].failure = made.baseline->file = hostile;
  made.outcome.reasons = {hostile};
  return made;
}

std::size_t count_of(std::string_view part, std::string_view whole) {
  std::size_t count = 0;
  for (auto at = whole.find(part); at != std::string_view::npos; at = whole.find(part, at + 1)) ++count;
  return count;
}

TEST_CASE("An HTML report is well-formed, whatever it reports") {
  const auto page = html_report(GENERATE(as<report (*)()>{}, &full, &empty, &unanswered, &of_one_second,
                                         &samples::small, &samples::closed_loop, &samples::hostile, &marked_up)());
  CHECK(markup_check{page}.problems() == std::vector<std::string>{});
}

TEST_CASE("No text from outside becomes markup") {
  const markup_check page{html_report(marked_up())};
  CHECK(page.problems() == std::vector<std::string>{});
  CHECK_FALSE(page.has_element("script"));
  CHECK_FALSE(page.has_attribute("onload"));
  CHECK_THAT(page.text(), ContainsSubstring(R"(<script>alert(1)</script>"'&" onload="x)"));
}

TEST_CASE("An HTML report loads nothing and runs nothing") {
  const auto html = html_report(full());
  const markup_check page{html};
  CHECK_THAT(html, ContainsSubstring(R"(content="default-src 'none'; style-src 'unsafe-inline'; img-src data:")"));
  for (const auto* element : {"script", "link", "img", "iframe", "object", "embed", "base", "form", "use", "image"}) {
    CHECK_FALSE(page.has_element(element));
  }
  for (const auto* attribute : {"src", "href", "xlink:href", "action", "data", "background", "poster"}) {
    CHECK_FALSE(page.has_attribute(attribute));
  }
  CHECK_THAT(html, !ContainsSubstring("url(") && !ContainsSubstring("@import"));
}

TEST_CASE("An HTML report has the verdict in words, its reasons and its objectives") {
  const auto page = markup_check{html_report(samples::spike())}.text();
  CHECK_THAT(page, ContainsSubstring("FAIL"));
  CHECK_THAT(page, ContainsSubstring("2 of 3 objectives were missed: dashboard:p99<250ms, error_rate<1%."));
  CHECK_THAT(page, ContainsSubstring("p50<20ms") && ContainsSubstring("✓ held") && ContainsSubstring("✗ missed"));
}

TEST_CASE("An HTML report has the figures of the run") {
  const auto figure = GENERATE("10,200 planned, 10,180 sent", "98.76 %", "126 failed", "848/s", "of 850/s planned",
                               "12.385 s", "78.1 ms", "≥ 1.00 s", "successes within 250 ms", "2024-05-01 12:00:00 UTC",
                               "Answers by status: 200 × 10,074, 404 × 5, 429 × 12, 503 × 48.", "never sent", "0.47 %",
                               "GET http://127.0.0.1:8003/api/weather", "3 s to 9 s", "3 are missing",
                               "nothing was read: connect refused", "somebody else called it, too", "24.5 MiB at most",
                               "31 % of a processor, of 2 workers", "The objectives hold up to 4,200/s.",
                               "p99<50ms: it was 312 ms", "before.json", "+13.7 ms", "▲ worse", "▼ better", "< 0.0001");
  CHECK_THAT(markup_check{html_report(full())}.text(), ContainsSubstring(figure));
}

TEST_CASE("Every chart has its figures in a table, too") {
  const auto html = html_report(full());
  CHECK(count_of("role=\"img\"", html) == 5);
  CHECK(count_of("<details>", html) >= 5);
  CHECK_THAT(markup_check{html}.text(), ContainsSubstring("3 s to 4 s, spike"));
}

TEST_CASE("The histogram's bars have all answers, and are equally wide on its logarithmic axis") {
  auto run = empty();
  run.all.outcomes[0] = 1400;
  for (std::uint64_t us = 1; us < 15; ++us) {
    for (int i = 0; i < 100; ++i) run.all.response.record(std::chrono::microseconds{std::uint64_t{100} << us});
  }
  const auto html = html_report(run);
  CHECK(count_of(": 100 answers, 7.14 %</title>", html) == 14);
  std::set<int> widths;
  for (auto at = html.find("class=\"answers\""); at != std::string::npos; at = html.find("class=\"answers\"", at + 1)) {
    widths.insert(std::stoi(html.substr(html.rfind("width=\"", at) + 7)));
  }
  REQUIRE_FALSE(widths.empty());
  CHECK(*widths.rbegin() - *widths.begin() <= 1);
}

TEST_CASE("What is only known to be at least so long is dashed, and only that") {
  CHECK_THAT(html_report(samples::spike()), ContainsSubstring(R"(<path class="response censored")"));
  CHECK_THAT(html_report(samples::small()), !ContainsSubstring(R"(class="response censored")"));
  CHECK_THAT(html_report(unanswered()), !ContainsSubstring(R"(<path class="response")") &&
                                            ContainsSubstring(R"(<path class="response censored")"));
}

TEST_CASE("A percentile that is known above one that is not is drawn as that") {
  auto run = empty();
  auto& response = run.all.response;
  for (int i = 0; i < 40; ++i) response.record(10ms + i * 1ms);
  for (int i = 0; i < 40; ++i) response.record_at_least(20ms);
  for (int i = 0; i < 1000; ++i) response.record(200ms);
  run.all.outcomes[0] = response.count();
  const auto html = html_report(run);
  const auto from = html.find(R"(<path class="response" d=")");
  CHECK(count_of("M", html.substr(from, html.find("/>", from) - from)) == 2);
}

TEST_CASE("A second without answers is a gap in the latencies, not a drop") {
  auto run = samples::small();
  const auto whole = html_report(run);
  run.intervals[4].all.answered = 0;
  const auto with_a_gap = html_report(run);
  const auto line = [](const std::string& html) {
    const auto from = html.find(R"(<path class="p99" d=")");
    return html.substr(from, html.find("/>", from) - from);
  };
  CHECK(count_of("M", line(whole)) == 1);
  CHECK(count_of("M", line(with_a_gap)) == 2);
  CHECK_THAT(with_a_gap, ContainsSubstring("4 s to 5 s: no answers"));
}

TEST_CASE("A closed loop has no plan to compare with, and says what its figures leave out") {
  const auto html = html_report(samples::closed_loop());
  CHECK_THAT(html, !ContainsSubstring(R"(<path class="planned")"));
  const auto page = markup_check{html}.text();
  CHECK_THAT(page, ContainsSubstring("closed loop with 4 connections for 10 s"));
  CHECK_THAT(page, ContainsSubstring("what callers of their own would have waited meanwhile is in neither line"));
}

TEST_CASE("A run without answers has no latencies, and says so with dashes") {
  const auto html = html_report(empty());
  const auto page = markup_check{html}.text();
  CHECK_THAT(page, ContainsSubstring("INTERRUPTED"));
  CHECK_THAT(page, ContainsSubstring("–"));
  CHECK(count_of("role=\"img\"", html) == 0);
}

TEST_CASE("A knee that was not found, or not bounded, is told as that") {
  auto run = full();
  run.knee->bounded = false;
  CHECK_THAT(html_report(run),
             ContainsSubstring("The objectives still held at 4,200/s; more was not shown to break them.") &&
                 ContainsSubstring("capacity ≥ 4,200/s"));
  run.knee->capacity.reset();
  CHECK_THAT(html_report(run), ContainsSubstring("No rate was found at which the objectives hold."));
}

TEST_CASE("A page stays small however long the run") {
  const auto html = html_report(of_a_day());
  CHECK(html.size() < 450'000);
  CHECK(count_of("<tr>", html) < 500);
  const markup_check page{html};
  CHECK(page.problems() == std::vector<std::string>{});
  CHECK_THAT(page.text(), ContainsSubstring("Each point is the greatest value of 144 intervals on end."));
  CHECK_THAT(page.text(), ContainsSubstring("These are the first 100 of 8,640"));
}

TEST_CASE("The page of a minute's run is well under 200 KB") {
  auto run = empty();
  samples::add_phase(run, "all", 60, samples::tallies(samples::tally_of(18'000, 300, {{outcome::timeout, 20}})));
  CHECK(html_report(run).size() < 120'000);
}

TEST_CASE("Seconds that are drawn as one have the greatest latency of theirs") {
  auto run = empty();
  samples::add_phase(run, "all", 1200, samples::tallies(samples::tally_of(1200, 300)));
  for (auto& each : run.intervals) each.all.answered = 1;
  run.intervals[601].all.p99_us = 77'000;
  run.intervals[600].all.max_us = 88'000;
  CHECK_THAT(html_report(run),
             ContainsSubstring("600 s to 602 s: p50") && ContainsSubstring("p99 77.0 ms, max 88.0 ms"));
}

TEST_CASE("A rest of less than half a second has no rate of its own") {
  auto run = samples::small();
  run.intervals.push_back({.start = 10s, .length = 100ms, .all = {.planned = 0, .sent = 0, .answered = 90}});
  CHECK_THAT(html_report(run), ContainsSubstring("9 s to 10.1 s: planned 45.5/s") && !ContainsSubstring("900/s"));
}

}  // namespace
}  // namespace cohort::loadgen
