// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "loadgen/report/report_formats.hpp"
#include "loadgen/terminal/table.hpp"
#include "tests/unit/loadgen/report/sample_report.hpp"

namespace cohort::loadgen {
namespace {

using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

/// Removes the sequences that set colors; other sequences remain.
std::string remove_colors(std::string_view text) {
  std::string plain;
  while (!text.empty()) {
    const auto end = text.starts_with("\x1b[") ? text.find_first_not_of("0123456789;", 2) : std::string_view::npos;
    if (end != std::string_view::npos && text[end] == 'm') {
      text.remove_prefix(end + 1);
    } else {
      plain += text.front();
      text.remove_prefix(1);
    }
  }
  return plain;
}

run_report full_report() {
  auto report = samples::spike();
  samples::add_knee(report);
  samples::add_baseline(report);
  return report;
}

TEST_CASE("text report: the text for a small passing run equals the expected text", "[loadgen][report]") {
  CHECK(render_text_report(samples::small()) == R"(PASS  balanced, 50 requests/s for 10 s
  time: GET http://127.0.0.1:8001/api/time
  constant arrivals, started 2024-05-01 12:00:00 UTC

Load
            requests  per second  of planned
  planned        500          50    100.00 %
  sent           500          50    100.00 %
  answered       500          50    100.00 %  205 KiB received

Over time, 1 s a column
  answered/s  ██████████  up to 50

  p99         ▇██▇██▇██▇  up to 3.15 ms

Response time, from the intended start
           p50     p90      p95      p99    p99.9   p99.99      max
  time  424 µs  944 µs  1.33 ms  2.86 ms  9.49 ms  9.49 ms  9.49 ms

Response time breakdown, all targets
                      p50      p99      max
  service time     382 µs  2.58 ms  8.54 ms  request sent to response
  dispatch lag      15 µs    96 µs   317 µs  intended start to dispatch
  connection wait   22 µs   144 µs   475 µs  dispatch to request sent

Outcomes
  2xx  500  100.00 %
  Statuses: 200 × 500.

Load generator
  CPU           31 % of a core for the busiest of 2 workers, 4.25 s in total
  dispatch lag  p99 96 µs
  memory        24.5 MiB peak
  connections   4 opened, at most 64 per target

PASS
  All 500 requests succeeded.

Total Requests: 500
Successful:     500
Failed:         0
Duration:       10 s
Average Rate:   50.00 requests/s
)");
}

TEST_CASE("text report: the report of callers with patience and retries has rows for goodput and attempts",
          "[loadgen][report]") {
  CHECK_THAT(render_text_report(samples::with_retries()), ContainsSubstring(R"(
  goodput         480          48     96.00 %  successes within 100 ms
  attempts        750          75    150.00 %  1.50 per request, at most 3
  abandoned       200                 40.00 %  no response within 100 ms
)"));
}

TEST_CASE("text report: the text for a report with every section equals the expected text", "[loadgen][report]") {
  CHECK(render_text_report(full_report()) == R"(REGRESSION  spike, 850 requests/s on average for 12 s
  4 targets: time, system_info, weather, dashboard
  constant arrivals, started 2024-05-01 12:00:00 UTC

Load
              requests  per second  of planned
  planned       10,200         850    100.00 %
  sent          10,180         848     99.80 %
  answered      10,139         819     99.40 %  4.1 MiB received
  goodput       10,070         813     98.73 %  successes within 250 ms
  not sent          20                  0.20 %
  unfinished         4                  0.04 %

Phases
            planned/s   sent  answered/s  failed      p50       p99       max
  calm            100    300         100  0.00 %  1.00 ms   11.6 ms   30.6 ms
  spike         1,600  9,580       1,591  1.22 %  2.78 ms   80.2 ms  ≥ 1.00 s
  recovery        100    300        98.7  3.00 %  1.10 ms  ≥ 400 ms  ≥ 400 ms

Over time, 1 s a column
  answered/s  ▁▁▁██████▁▁▁  up to 1,591

  p99         ▂▂▂▇██▇██▂▂▃  up to 56.6 ms

Response time, from the intended start
                   p50      p90      p95       p99     p99.9    p99.99       max
  time          418 µs   933 µs  1.33 ms   2.97 ms   12.0 ms  ≥ 400 ms  ≥ 400 ms
  system_info   835 µs  1.86 ms  2.65 ms   5.82 ms   18.6 ms   41.6 ms   41.6 ms
  weather      3.72 ms  8.31 ms  11.8 ms   26.2 ms   83.7 ms    187 ms    187 ms
  dashboard    13.9 ms  34.7 ms  58.9 ms  ≥ 1.00 s  ≥ 1.00 s  ≥ 1.00 s  ≥ 1.00 s
  all          2.70 ms  16.3 ms  23.8 ms   78.1 ms  ≥ 1.00 s  ≥ 1.00 s  ≥ 1.00 s
  ≥: 61 requests without a response; the time until the timeout or the end of
  the run counts.

Response time breakdown, all targets
                       p50      p99      max
  service time     2.34 ms  44.8 ms   616 ms  request sent to response
  dispatch lag       15 µs   102 µs   693 µs  intended start to dispatch
  connection wait   130 µs  2.49 ms  34.2 ms  dispatch to request sent

Outcomes
  2xx                      10,074  98.76 %
  4xx                           5   0.05 %  system_info
  429                          12   0.12 %  weather
  503                          48   0.47 %  weather
  connection reset              6   0.06 %  dashboard
  stale connection reused       1   0.01 %  time
  timeout                      30   0.29 %  dashboard
  not sent                     20   0.20 %  dashboard
  unfinished at the end         4   0.04 %  dashboard
  Statuses: 200 × 10,074, 404 × 5, 429 × 12, 503 × 48.

Server metrics
  time: served 2,550 of 2,550 sent. p99 2.10 ms by the server's clock, 2.62 ms
  by the generator's.
  system_info: no metrics from http://127.0.0.1:8002/metrics: connection refused
  weather: served 2,547 of 2,550 sent, 3 missing. p99 18.9 ms by the server's
  clock, 23.6 ms by the generator's.
  dashboard: served 2,570, 40 more than the 2,530 sent: it has other clients.
  p99 70.5 ms by the server's clock, 88.1 ms by the generator's.
  server     phase     served      p99  CPU cores    memory
  time       calm          75  1.76 ms       0.06  18.0 MiB
             spike      2,400  2.18 ms       0.82  19.0 MiB
             recovery      75  1.76 ms       0.06  20.0 MiB
  weather    calm          75  7.94 ms       0.06  18.0 MiB
             spike      2,400  19.3 ms       0.82  19.0 MiB
             recovery      75  8.82 ms       0.06  20.0 MiB
  dashboard  calm          75  22.0 ms       0.06  18.0 MiB
             spike      2,380  71.9 ms       0.82  19.0 MiB
             recovery      75  22.3 ms       0.06  20.0 MiB

Load generator
  CPU           31 % of a core for the busiest of 2 workers, 4.25 s in total
  dispatch lag  p99 102 µs
  memory        24.5 MiB peak
  connections   64 opened, at most 64 per target

Knee search: the highest rate that meets the objectives
  rate/s            answered/s   failed       p99
  1,000   ✓ met          1,000   0.00 %   4.21 ms
  2,000   ✓ met          2,000   0.00 %   5.03 ms
  4,000   ✓ met          4,000   0.01 %   18.7 ms
  8,000   ✗ missed       6,152  23.10 %  ≥ 1.00 s  p99<50ms: was ≥ 1.00 s
  6,000   ✗ missed       5,975   0.42 %    312 ms  p99<50ms: was 312 ms
  4,200   ✓ met          4,200   0.00 %   21.1 ms
  Capacity: 4,200 requests/s

Compared with before.json
  median   before      now         shift          p-value
  p50     1.23 ms  1.22 ms        −14 µs  −1.1 %    0.412  no significant change
  p99     18.2 ms  31.9 ms      +13.7 ms   +75 %  < 0.001  ✗ worse
  failed   2.10 %   1.24 %  −0.82 points            0.003  ✓ better

REGRESSION
  p99 increased by 13.7 ms against before.json (p < 0.001).
  Requests waited for a connection in 12 of 60 intervals.
  ✓ met     p50<20ms             was 2.7 ms
  ✗ missed  dashboard:p99<250ms  was ≥ 1 s
  ✗ missed  error_rate<1%        was 1.235 %

Total Requests: 10200
Successful:     10074
Failed:         126
Duration:       12.385 s
Average Rate:   821.96 requests/s
)");
}

TEST_CASE("text report: a closed loop has no planned rate, and a note about coordinated omission",
          "[loadgen][report]") {
  const auto text = render_text_report(samples::closed_loop());
  CHECK(text.starts_with(R"(PASS  balanced, closed loop with 4 connections for 10 s
  time: GET http://127.0.0.1:8001/api/time
  started 2024-05-01 12:00:00 UTC

Load
            requests  per second
  sent           500          50
  answered       500          50  205 KiB received

Over time, 1 s a column
  answered/s  ██████████  up to 50

  p99         ▇██▇██▇██▇  up to 3.15 ms

Response time
           p50     p90      p95      p99    p99.9   p99.99      max
  time  424 µs  944 µs  1.33 ms  2.86 ms  9.49 ms  9.49 ms  9.49 ms
  Closed loop: a connection sends its next request after a response, so a slow
  server receives fewer requests. The response times of the omitted requests are
  not measured (coordinated omission). To measure them, set a rate.

Response time breakdown, all targets
                   p50      p99      max
  service time  382 µs  2.58 ms  8.54 ms  request sent to response

)"));
  CHECK(text.find("planned") == std::string::npos);
  CHECK(text.find("dispatch lag") == std::string::npos);
  CHECK(text.find("intended start") == std::string::npos);
}

TEST_CASE("text report: every line fits the terminal, and colors do not change the text", "[loadgen][report]") {
  const auto columns = GENERATE(1u, 20u, 40u, 66u, 80u, 132u);
  const auto which = GENERATE(0, 1, 2, 3);
  const auto report = which == 0   ? samples::small()
                      : which == 1 ? samples::closed_loop()
                      : which == 2 ? full_report()
                                   : samples::malicious();
  const auto plain = render_text_report(report, {false, columns});
  for (const auto& line : lines_of(plain)) {
    INFO(line);
    CHECK(terminal::display_width(line) <= columns);
    CHECK_FALSE((terminal::display_width(line) < columns && line.ends_with(' ')));
    CHECK(std::none_of(line.begin(), line.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; }));
    CHECK(terminal::sanitize(line) == line);
  }
  CHECK(remove_colors(render_text_report(report, {true, columns})) == plain);
}

TEST_CASE("text report: at 80 columns no table loses a column and no name is truncated", "[loadgen][report]") {
  CHECK_THAT(render_text_report(full_report()), !ContainsSubstring("…"));
  CHECK_THAT(render_text_report(full_report()), ContainsSubstring("p99.99"));
}

TEST_CASE("text report: a long name is truncated, but not the numbers of its row", "[loadgen][report]") {
  auto report = samples::spike();
  report.targets[1].name = "system_information_of_the_machine_that_runs_it";
  CHECK_THAT(render_text_report(report),
             ContainsSubstring("\n  system_informatio…  835 µs 1.86 ms 2.65 ms  5.82 ms  18.6 ms  41.6 ms  41.6 ms\n"));
}

TEST_CASE("text report: the last lines have numbers without separators, for scripts, with and without colors",
          "[loadgen][report]") {
  const auto use_color = GENERATE(false, true);
  CHECK(render_text_report(samples::spike(), {use_color, 80}).ends_with(R"(
Total Requests: 10200
Successful:     10074
Failed:         126
Duration:       12.385 s
Average Rate:   821.96 requests/s
)"));
}

TEST_CASE("text report: the verdict is the first word and precedes the totals, in words and color",
          "[loadgen][report]") {
  struct row {
    verdict_kind kind;
    std::string word;
    std::string use_color;
  };
  const auto [kind, word, use_color] = GENERATE(values<row>({{verdict_kind::passed, "PASS", "32"},
                                                             {verdict_kind::objective_failed, "FAIL", "31"},
                                                             {verdict_kind::interrupted, "INTERRUPTED", "33"},
                                                             {verdict_kind::invalid, "INVALID", "31"},
                                                             {verdict_kind::regression, "REGRESSION", "31"}}));
  auto report = samples::small();
  report.verdict.kind = kind;
  report.verdict.reasons = {"Because."};
  const auto plain = render_text_report(report);
  CHECK(plain.starts_with(word + "  balanced"));
  CHECK(plain.find("\n\n" + word + "\n  Because.\n\nTotal Requests") != std::string::npos);
  const auto expected_first_line = "\x1b[1;" + use_color + 'm' + word + "\x1b[0m";
  const auto colored_report = render_text_report(report, {true, 80});
  CHECK(colored_report.starts_with(expected_first_line));
  CHECK(colored_report.find("\n\n" + expected_first_line + '\n') != std::string::npos);
}

TEST_CASE("text report: a long run is drawn in fewer columns without losing a peak", "[loadgen][report]") {
  auto report = samples::small();
  report.intervals.clear();
  for (int second = 0; second < 130; ++second) {
    interval_report interval{.start = std::chrono::seconds{second}, .length = 1s};
    interval.totals.answered = 50;
    interval.totals.p99_us = second == 64 ? 8'000 : 1'000;
    report.intervals.push_back(interval);
  }
  const auto lines = lines_of(render_text_report(report));
  const auto heading = std::find(lines.begin(), lines.end(), "Over time, 3 s a column");
  REQUIRE(heading != lines.end());
  CHECK(*(heading + 1) == "  answered/s  ████████████████████████████████████████████  up to 50");
  CHECK(*(heading + 3) == "  p99         ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁█▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁  up to 8.00 ms");
}

TEST_CASE("text report: an empty report is valid", "[loadgen][report]") {
  const auto text = render_text_report({});
  CHECK(text.starts_with("PASS  , 0 requests/s for 0 s\n  0 targets\n"));
  CHECK(
      text.ends_with("\nTotal Requests: 0\nSuccessful:     0\nFailed:         0\nDuration:       0 s\n"
                     "Average Rate:   0.00 requests/s\n"));
}

}  // namespace
}  // namespace cohort::loadgen
