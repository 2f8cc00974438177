// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <set>

#include "loadgen/report/report_formats.hpp"
#include "tests/unit/loadgen/report/html/markup_check.hpp"
#include "tests/unit/loadgen/report/sample_report.hpp"

namespace cohort::loadgen {
namespace {

using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

using samples::empty;
using samples::full;

/// Returns a report of three requests without a response, in a partial interval.
run_report report_without_responses() {
  auto report = empty();
  report.intervals = {{.length = 300ms, .totals = {.planned = 3, .sent = 3, .failed = 3}}};
  report.totals.planned = 3;
  report.totals.outcomes[static_cast<std::size_t>(request_outcome::timeout)] = 3;
  for (int i = 0; i < 3; ++i) report.totals.response_time.record_censored(100ms);
  return report;
}

run_report report_of_one_second() {
  auto report = empty();
  samples::add_phase(report, "all", 1, samples::stats_list(samples::make_stats(1, 300)));
  return report;
}

/// Returns a report with 86,400 intervals in 8,640 phases.
run_report report_of_one_day() {
  auto report = samples::small();
  const auto second = report.intervals.front().totals;
  report.intervals.clear();
  for (int i = 0; i < 86'400; ++i) report.intervals.push_back({.start = i * 1s, .length = 1s, .totals = second});
  report.phases.clear();
  for (int i = 0; i < 8640; ++i) report.phases.push_back({.name = "burst", .start = i * 10s, .length = 10s});
  return report;
}

/// Returns a report in which all untrusted text contains markup.
run_report report_with_markup() {
  const std::string malicious = R"(<script>alert(1)</script>"'&" onload="x)";
  auto report = full();
  report.mode = malicious;
  for (auto& [name, value] : report.fingerprint) name = value = malicious;
  for (auto& target : report.targets) target.name = target.method = target.url = malicious;
  for (auto& phase : report.phases) phase.name = malicious;
  for (auto& server : report.servers) server.url = server.target = malicious;
  for (auto& phase : report.servers[0].phases) phase.phase = malicious;
  for (auto& trial : report.knee->trials) trial.reason = malicious;
  for (auto& measure : report.baseline->measures) measure.name = malicious;
  for (auto& objective : report.verdict.objectives) objective.definition.text = malicious;
  report.servers[1].failure = report.baseline->file = malicious;
  report.verdict.reasons = report.verdict.hints = {malicious};
  return report;
}

std::size_t count_occurrences(std::string_view part, std::string_view whole) {
  std::size_t count = 0;
  for (auto position = whole.find(part); position != std::string_view::npos;
       position = whole.find(part, position + 1)) {
    ++count;
  }
  return count;
}

TEST_CASE("HTML report: is well-formed for every report", "[loadgen][report]") {
  const auto page = render_html_report(GENERATE(as<run_report (*)()>{}, &full, &empty, &report_without_responses,
                                                &report_of_one_second, &samples::small, &samples::closed_loop,
                                                &samples::malicious, &report_with_markup)());
  CHECK(markup_check{page}.errors() == std::vector<std::string>{});
}

TEST_CASE("HTML report: untrusted text is escaped", "[loadgen][report]") {
  const markup_check page{render_html_report(report_with_markup())};
  CHECK(page.errors() == std::vector<std::string>{});
  CHECK_FALSE(page.has_element("script"));
  CHECK_FALSE(page.has_attribute("onload"));
  CHECK_THAT(page.text(), ContainsSubstring(R"(<script>alert(1)</script>"'&" onload="x)"));
}

TEST_CASE("HTML report: contains no scripts and no external resources", "[loadgen][report]") {
  const auto retries = markup_check{render_html_report(samples::with_retries())}.text();
  CHECK_THAT(retries, ContainsSubstring("1.50 per request"));
  CHECK_THAT(retries, ContainsSubstring("750 in total, 200 abandoned after 100 ms"));
  CHECK_THAT(retries, ContainsSubstring("successes within 100 ms"));
  const auto html = render_html_report(full());
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

TEST_CASE("HTML report: contains the verdict in words, with its reasons and objectives", "[loadgen][report]") {
  const auto page = markup_check{render_html_report(samples::spike())}.text();
  CHECK_THAT(page, ContainsSubstring("FAIL"));
  CHECK_THAT(page, ContainsSubstring("2 of 3 objectives were missed: dashboard:p99<250ms, error_rate<1%."));
  CHECK_THAT(page, ContainsSubstring("p50<20ms") && ContainsSubstring("✓ met") && ContainsSubstring("✗ missed"));
}

TEST_CASE("HTML report: contains the results of the run", "[loadgen][report]") {
  const auto text = GENERATE("10,200 planned, 10,180 sent", "98.76 %", "126 failed", "848/s", "of 850/s planned",
                             "12.385 s", "78.1 ms", "≥ 1.00 s", "successes within 250 ms", "2024-05-01 12:00:00 UTC",
                             "Responses by status: 200 × 10,074, 404 × 5, 429 × 12, 503 × 48.", "not sent", "0.47 %",
                             "GET http://127.0.0.1:8003/api/weather", "3 s to 9 s", "3 missing",
                             "no metrics: connection refused", "it has other clients", "24.5 MiB peak",
                             "31 % of a core, of 2 workers", "The objectives are met up to 4,200/s.",
                             "p99<50ms: was 312 ms", "Requests waited for a connection in 12 of 60", "before.json",
                             "+13.7 ms", "▲ worse", "▼ better", "< 0.0001");
  CHECK_THAT(markup_check{render_html_report(full())}.text(), ContainsSubstring(text));
}

TEST_CASE("HTML report: every chart has a table with its data", "[loadgen][report]") {
  const auto html = render_html_report(full());
  CHECK(count_occurrences("role=\"img\"", html) == 5);
  CHECK(count_occurrences("<details>", html) >= 5);
  CHECK_THAT(markup_check{html}.text(), ContainsSubstring("3 s to 4 s, spike"));
}

TEST_CASE("HTML report: the histogram has all responses in bars of equal width", "[loadgen][report]") {
  auto report = empty();
  report.totals.outcomes[0] = 1400;
  for (std::uint64_t us = 1; us < 15; ++us) {
    for (int i = 0; i < 100; ++i)
      report.totals.response_time.record(std::chrono::microseconds{std::uint64_t{100} << us});
  }
  const auto html = render_html_report(report);
  CHECK(count_occurrences(": 100 responses, 7.14 %</title>", html) == 14);
  std::set<int> widths;
  for (auto at = html.find("class=\"answers\""); at != std::string::npos; at = html.find("class=\"answers\"", at + 1)) {
    widths.insert(std::stoi(html.substr(html.rfind("width=\"", at) + 7)));
  }
  REQUIRE_FALSE(widths.empty());
  CHECK(*widths.rbegin() - *widths.begin() <= 1);
}

TEST_CASE("HTML report: only lower bounds are drawn as a dashed line", "[loadgen][report]") {
  CHECK_THAT(render_html_report(samples::spike()), ContainsSubstring(R"(<path class="response censored")"));
  CHECK_THAT(render_html_report(samples::small()), !ContainsSubstring(R"(class="response censored")"));
  CHECK_THAT(
      render_html_report(report_without_responses()),
      !ContainsSubstring(R"(<path class="response")") && ContainsSubstring(R"(<path class="response censored")"));
}

TEST_CASE("HTML report: an exact percentile that follows a lower bound is drawn as exact", "[loadgen][report]") {
  auto report = empty();
  auto& response = report.totals.response_time;
  for (int i = 0; i < 40; ++i) response.record(10ms + i * 1ms);
  for (int i = 0; i < 40; ++i) response.record_censored(20ms);
  for (int i = 0; i < 1000; ++i) response.record(200ms);
  report.totals.outcomes[0] = response.count();
  const auto html = render_html_report(report);
  const auto start = html.find(R"(<path class="response" d=")");
  CHECK(count_occurrences("M", html.substr(start, html.find("/>", start) - start)) == 2);
}

TEST_CASE("HTML report: a second without responses is a gap in the latency chart", "[loadgen][report]") {
  auto report = samples::small();
  const auto page_without_gap = render_html_report(report);
  report.intervals[4].totals.answered = 0;
  const auto page_with_gap = render_html_report(report);
  const auto line = [](const std::string& html) {
    const auto start = html.find(R"(<path class="p99" d=")");
    return html.substr(start, html.find("/>", start) - start);
  };
  CHECK(count_occurrences("M", line(page_without_gap)) == 1);
  CHECK(count_occurrences("M", line(page_with_gap)) == 2);
  CHECK_THAT(page_with_gap, ContainsSubstring("4 s to 5 s: no responses"));
}

TEST_CASE("HTML report: a closed loop has no planned rate, and a note about coordinated omission",
          "[loadgen][report]") {
  const auto html = render_html_report(samples::closed_loop());
  CHECK_THAT(html, !ContainsSubstring(R"(<path class="planned")"));
  const auto page = markup_check{html}.text();
  CHECK_THAT(page, ContainsSubstring("closed loop with 4 connections for 10 s"));
  CHECK_THAT(page, ContainsSubstring("Neither line includes the time that the omitted requests would have taken"));
}

TEST_CASE("HTML report: a run without responses has no latency charts, and dashes in the tables", "[loadgen][report]") {
  const auto html = render_html_report(empty());
  const auto page = markup_check{html}.text();
  CHECK_THAT(page, ContainsSubstring("INTERRUPTED"));
  CHECK_THAT(page, ContainsSubstring("–"));
  CHECK(count_occurrences("role=\"img\"", html) == 0);
}

TEST_CASE("HTML report: a missing or unbounded capacity is described", "[loadgen][report]") {
  auto report = full();
  report.knee->is_bounded = false;
  CHECK_THAT(render_html_report(report),
             ContainsSubstring("The objectives were met at 4,200/s, the highest rate tried.") &&
                 ContainsSubstring("capacity ≥ 4,200/s"));
  report.knee->capacity.reset();
  CHECK_THAT(render_html_report(report), ContainsSubstring("No rate met the objectives."));
}

TEST_CASE("HTML report: the page stays small for a long run", "[loadgen][report]") {
  const auto html = render_html_report(report_of_one_day());
  CHECK(html.size() < 450'000);
  CHECK(count_occurrences("<tr>", html) < 500);
  const markup_check page{html};
  CHECK(page.errors() == std::vector<std::string>{});
  CHECK_THAT(page.text(), ContainsSubstring("Each point is the maximum of 144 intervals."));
  CHECK_THAT(page.text(), ContainsSubstring("These are the first 100 of 8,640"));
}

TEST_CASE("HTML report: the page of a run of one minute is smaller than 200 KB", "[loadgen][report]") {
  auto report = empty();
  samples::add_phase(report, "all", 60,
                     samples::stats_list(samples::make_stats(18'000, 300, {{request_outcome::timeout, 20}})));
  CHECK(render_html_report(report).size() < 120'000);
}

TEST_CASE("HTML report: intervals drawn as one point have their maximum latency", "[loadgen][report]") {
  auto report = empty();
  samples::add_phase(report, "all", 1200, samples::stats_list(samples::make_stats(1200, 300)));
  for (auto& interval : report.intervals) interval.totals.answered = 1;
  report.intervals[601].totals.p99_us = 77'000;
  report.intervals[600].totals.max_us = 88'000;
  CHECK_THAT(render_html_report(report),
             ContainsSubstring("600 s to 602 s: p50") && ContainsSubstring("p99 77.0 ms, max 88.0 ms"));
}

TEST_CASE("HTML report: a last interval of less than half a second has no rate", "[loadgen][report]") {
  auto report = samples::small();
  report.intervals.push_back({.start = 10s, .length = 100ms, .totals = {.planned = 0, .sent = 0, .answered = 90}});
  CHECK_THAT(render_html_report(report),
             ContainsSubstring("9 s to 10.1 s: planned 45.5/s") && !ContainsSubstring("900/s"));
}

}  // namespace
}  // namespace cohort::loadgen
