#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "loadgen/outputs.hpp"
#include "loadgen/terminal.hpp"
#include "tests/unit/loadgen/sample_report.hpp"

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

/// Without the sequences that set colours; others stay.
std::string without_colours(std::string_view text) {
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

report everything() {
  auto made = samples::spike();
  samples::add_knee(made);
  samples::add_baseline(made);
  return made;
}

TEST_CASE("The report of a small run that passed") {
  CHECK(text_report(samples::small()) == R"(PASS  balanced, 50 requests/s for 10 s
  time: GET http://127.0.0.1:8001/api/time
  constant arrivals, started 2024-05-01 12:00:00 UTC

Load, offered against planned
            requests  per second  of planned
  planned        500          50    100.00 %
  sent           500          50    100.00 %
  answered       500          50    100.00 %  205 KiB received

Over time, 1 s a column
  answered/s  ██████████  up to 50

  p99         ▇██▇██▇██▇  up to 3.15 ms

Response time, from when each request was meant to start
           p50     p90      p95      p99    p99.9   p99.99      max
  time  424 µs  944 µs  1.33 ms  2.86 ms  9.49 ms  9.49 ms  9.49 ms

Where that time went, all targets
                      p50      p99      max
  service          382 µs  2.58 ms  8.54 ms  from sent to answered
  dispatch lag      15 µs    96 µs   317 µs  the generator's own lateness
  connection wait   22 µs   144 µs   475 µs  from then until it was sent

What became of the requests
  2xx  500  100.00 %
  Statuses: 200 × 500.

The generator itself
  processor     31 % of a core for the busiest of 2 workers, 4.25 s in all
  dispatch lag  p99 96 µs
  memory        24.5 MiB at most
  connections   4 opened, 64 allowed at once

PASS
  All 500 requests were answered with success.

Total Requests: 500
Successful:     500
Failed:         0
Duration:       10 s
Average Rate:   50.00 requests/s
)");
}

TEST_CASE("The report of a run with everything that there can be") {
  CHECK(text_report(everything()) == R"(REGRESSION  spike, 850 requests/s on average for 12 s
  4 targets: time, system_info, weather, dashboard
  constant arrivals, started 2024-05-01 12:00:00 UTC

Load, offered against planned
              requests  per second  of planned
  planned       10,200         850    100.00 %
  sent          10,180         848     99.80 %
  answered      10,139         819     99.40 %  4.1 MiB received
  goodput       10,070         813     98.73 %  successes within 250 ms
  never sent        20                  0.20 %
  unfinished         4                  0.04 %

Phases
            planned/s   sent  answered/s  failed      p50       p99       max
  calm            100    300         100  0.00 %  1.00 ms   11.6 ms   30.6 ms
  spike         1,600  9,580       1,591  1.22 %  2.78 ms   80.2 ms  ≥ 1.00 s
  recovery        100    300        98.7  3.00 %  1.10 ms  ≥ 400 ms  ≥ 400 ms

Over time, 1 s a column
  answered/s  ▁▁▁██████▁▁▁  up to 1,591

  p99         ▂▂▂▇██▇██▂▂▃  up to 56.6 ms

Response time, from when each request was meant to start
                   p50      p90      p95       p99     p99.9    p99.99       max
  time          418 µs   933 µs  1.33 ms   2.97 ms   12.0 ms  ≥ 400 ms  ≥ 400 ms
  system_info   835 µs  1.86 ms  2.65 ms   5.82 ms   18.6 ms   41.6 ms   41.6 ms
  weather      3.72 ms  8.31 ms  11.8 ms   26.2 ms   83.7 ms    187 ms    187 ms
  dashboard    13.9 ms  34.7 ms  58.9 ms  ≥ 1.00 s  ≥ 1.00 s  ≥ 1.00 s  ≥ 1.00 s
  all          2.70 ms  16.3 ms  23.8 ms   78.1 ms  ≥ 1.00 s  ≥ 1.00 s  ≥ 1.00 s
  ≥: 61 requests had no answer and count with what they waited at least.

Where that time went, all targets
                       p50      p99      max
  service          2.34 ms  44.8 ms   616 ms  from sent to answered
  dispatch lag       15 µs   102 µs   693 µs  the generator's own lateness
  connection wait   130 µs  2.49 ms  34.2 ms  from then until it was sent

What became of the requests
  2xx                         10,074  98.76 %
  4xx                              5   0.05 %  system_info
  429                             12   0.12 %  weather
  503                             48   0.47 %  weather
  reset by the server              6   0.06 %  dashboard
  kept connection was closed       1   0.01 %  time
  timeout                         30   0.29 %  dashboard
  never sent                      20   0.20 %  dashboard
  unfinished at the end            4   0.04 %  dashboard
  Statuses: 200 × 10,074, 404 × 5, 429 × 12, 503 × 48.

What the servers say
  time: served 2,550 of 2,550 sent. p99 by its clock 2.10 ms, by ours 2.62 ms.
  system_info: nothing from http://127.0.0.1:8002/metrics: connect refused
  weather: served 2,547 of 2,550 sent: 3 are missing. p99 by its clock 18.9 ms,
  by ours 23.6 ms.
  dashboard: served 2,570, 40 more than the 2,530 sent from here: somebody else
  called it, too. p99 by its clock 70.5 ms, by ours 88.1 ms.
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

The generator itself
  processor     31 % of a core for the busiest of 2 workers, 4.25 s in all
  dispatch lag  p99 102 µs
  memory        24.5 MiB at most
  connections   64 opened, 64 allowed at once

Search for the greatest rate that holds
  rate/s           answered/s   failed       p99
  1,000   ✓ held        1,000   0.00 %   4.21 ms
  2,000   ✓ held        2,000   0.00 %   5.03 ms
  4,000   ✓ held        4,000   0.01 %   18.7 ms
  8,000   ✗ broke       6,152  23.10 %  ≥ 1.00 s  p99<50ms: it was ≥ 1.00 s
  6,000   ✗ broke       5,975   0.42 %    312 ms  p99<50ms: it was 312 ms
  4,200   ✓ held        4,200   0.00 %   21.1 ms
  Capacity: 4,200 requests/s

Compared with before.json
  median   before      now         shift                p
  p50     1.23 ms  1.22 ms        −14 µs  −1.1 %    0.412  no difference shown
  p99     18.2 ms  31.9 ms      +13.7 ms   +75 %  < 0.001  ✗ worse
  failed   2.10 %   1.24 %  −0.82 points            0.003  ✓ better

REGRESSION
  p99 became 13.7 ms longer than in before.json (p < 0.001).
  ✓ held    p50<20ms             was 2.7 ms
  ✗ missed  dashboard:p99<250ms  was ≥ 1 s
  ✗ missed  error_rate<1%        was 1.235 %

Total Requests: 10200
Successful:     10074
Failed:         126
Duration:       12.385 s
Average Rate:   821.96 requests/s
)");
}

TEST_CASE("A closed loop has no plan and no lateness, and its report says what it hides") {
  const auto text = text_report(samples::closed_loop());
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
  Closed loop: a connection sends only when its last answer has come, so a slow
  server is asked less. What the requests that were not sent meanwhile would
  have waited is in no figure here (coordinated omission). For that, give a
  rate.

Where that time went, all targets
              p50      p99      max
  service  382 µs  2.58 ms  8.54 ms  from sent to answered

)"));
  CHECK(text.find("planned") == std::string::npos);
  CHECK(text.find("dispatch lag") == std::string::npos);
  CHECK(text.find("meant to start") == std::string::npos);
}

TEST_CASE("A report fits the terminal, and colours change no character of it") {
  const auto columns = GENERATE(1u, 20u, 40u, 66u, 80u, 132u);
  const auto which = GENERATE(0, 1, 2, 3);
  const auto sample = which == 0   ? samples::small()
                      : which == 1 ? samples::closed_loop()
                      : which == 2 ? everything()
                                   : samples::hostile();
  const auto plain = text_report(sample, {false, columns});
  for (const auto& line : lines_of(plain)) {
    INFO(line);
    CHECK(terminal::width_of(line) <= columns);
    CHECK_FALSE((terminal::width_of(line) < columns && line.ends_with(' ')));
    CHECK(std::none_of(line.begin(), line.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; }));
    CHECK(terminal::printable(line) == line);
  }
  CHECK(without_colours(text_report(sample, {true, columns})) == plain);
}

TEST_CASE("At 80 columns no table of a report loses a column and no sample's name is cut") {
  CHECK_THAT(text_report(everything()), !ContainsSubstring("…"));
  CHECK_THAT(text_report(everything()), ContainsSubstring("p99.99"));
}

TEST_CASE("A long name is shortened where it would push figures out") {
  auto sample = samples::spike();
  sample.targets[1].name = "system_information_of_the_machine_that_runs_it";
  CHECK_THAT(text_report(sample),
             ContainsSubstring("\n  system_informatio…  835 µs 1.86 ms 2.65 ms  5.82 ms  18.6 ms  41.6 ms  41.6 ms\n"));
}

TEST_CASE("The last lines are those that scripts look for, in plain digits whatever the colours") {
  const auto colour = GENERATE(false, true);
  CHECK(text_report(samples::spike(), {colour, 80}).ends_with(R"(
Total Requests: 10200
Successful:     10074
Failed:         126
Duration:       12.385 s
Average Rate:   821.96 requests/s
)"));
}

TEST_CASE("The verdict is the first word and stands above the totals, in its colour but never as colour alone") {
  struct row {
    verdict_kind kind;
    std::string word;
    std::string colour;
  };
  const auto [kind, word, colour] = GENERATE(values<row>({{verdict_kind::passed, "PASS", "32"},
                                                          {verdict_kind::objective_failed, "FAIL", "31"},
                                                          {verdict_kind::interrupted, "INTERRUPTED", "33"},
                                                          {verdict_kind::invalid, "INVALID", "31"},
                                                          {verdict_kind::regression, "REGRESSION", "31"}}));
  auto sample = samples::small();
  sample.outcome.kind = kind;
  sample.outcome.reasons = {"Because."};
  const auto plain = text_report(sample);
  CHECK(plain.starts_with(word + "  balanced"));
  CHECK(plain.find("\n\n" + word + "\n  Because.\n\nTotal Requests") != std::string::npos);
  const auto painted = "\x1b[1;" + colour + 'm' + word + "\x1b[0m";
  const auto coloured = text_report(sample, {true, 80});
  CHECK(coloured.starts_with(painted));
  CHECK(coloured.find("\n\n" + painted + '\n') != std::string::npos);
}

TEST_CASE("An objective that cannot be shown to hold says so") {
  auto sample = samples::spike();
  auto& one = sample.outcome.objectives[1];
  one.was = 187'000;
  CHECK_THAT(text_report(sample),
             ContainsSubstring("✗ missed  dashboard:p99<250ms  was ≥ 187 ms, not shown to hold\n"));
  one.lower_bound = false;
  one.held = true;
  CHECK_THAT(text_report(sample), ContainsSubstring("✓ held    dashboard:p99<250ms  was 187 ms\n"));
}

TEST_CASE("A failure is followed by the targets that had it, those that had it most often first") {
  auto sample = samples::spike();
  const auto timeout = static_cast<std::size_t>(outcome::timeout);
  for (const std::size_t i : {0, 1, 2}) sample.by_target[i].outcomes[timeout] = i == 1 ? 1'000 : 2;
  CHECK_THAT(text_report(sample, {false, 100}),
             ContainsSubstring("  0.29 %  system_info 1,000, dashboard 30, time 2, weather 2\n"));
}

TEST_CASE("A server's count is compared with what was sent in a sentence") {
  struct row {
    std::uint64_t served;
    std::string sentence;
  };
  const auto [served, sentence] = GENERATE(values<row>(
      {{1'200, "  time: served 1,200 of 1,200 sent.\n"},
       {1'199, "  time: served 1,199 of 1,200 sent: 1 is missing.\n"},
       {0, "  time: served 0 of 1,200 sent: 1,200 are missing.\n"},
       {1'240, "  time: served 1,240, 40 more than the 1,200 sent from here: somebody else\n  called it, too.\n"}}));
  auto sample = samples::small();
  sample.servers = {{.url = "http://a/metrics", .target = "time", .sent = 1'200, .served = served}};
  CHECK_THAT(text_report(sample), ContainsSubstring(sentence));
}

TEST_CASE("A server of several targets goes by its address, and what it does not say is a dash") {
  auto sample = samples::small();
  sample.servers = {{.url = "http://a/metrics", .sent = 5, .served = 5, .phases = {{.phase = "balanced", .served = 5}}},
                    {.url = "http://b/metrics", .failure = "timeout"}};
  CHECK_THAT(text_report(sample), ContainsSubstring(R"(
What the servers say
  http://a/metrics: served 5 of 5 sent.
  nothing from http://b/metrics: timeout
  server            phase     served  p99  CPU cores  memory
  http://a/metrics  balanced       5    –          –       –
)"));
}

TEST_CASE("The capacity is what held, a bound if nothing broke, or less than all that was tried") {
  auto sample = samples::small();
  samples::add_knee(sample);
  CHECK_THAT(text_report(sample), ContainsSubstring("\n  Capacity: 4,200 requests/s\n"));
  sample.knee->bounded = false;
  CHECK_THAT(text_report(sample), ContainsSubstring("\n  Capacity: at least 4,200 requests/s\n"));
  sample.knee->capacity.reset();
  CHECK_THAT(text_report(sample), ContainsSubstring("\n  Capacity: less than 1,000 requests/s\n"));
  sample.knee->probes.clear();
  CHECK_THAT(text_report(sample), ContainsSubstring("\n  Capacity: unknown\n"));
}

TEST_CASE("Rates are of the time until the run was cut short, if it was") {
  auto sample = samples::small();
  sample.planned_length = 100s;
  sample.took = 103s;
  CHECK_THAT(text_report(sample), ContainsSubstring("\n  planned        500           5    100.00 %\n"));
  sample.took = 10s;
  CHECK_THAT(text_report(sample), ContainsSubstring("\n  planned        500          50    100.00 %\n"));
}

TEST_CASE("Answers a second of a phase are those that came during it") {
  auto sample = samples::spike();
  for (auto& one : sample.intervals) one.all.answered = one.phase == 1 ? 1'000 : 700;
  CHECK_THAT(text_report(sample), ContainsSubstring("\n  spike         1,600  9,580       1,000 "));
  CHECK_THAT(text_report(sample), ContainsSubstring("\n  recovery        100    300         700 "));
  sample.intervals.clear();
  CHECK_THAT(text_report(sample), ContainsSubstring("\n  spike         1,600  9,580       1,591 "));
}

TEST_CASE("A long run's course is drawn in fewer columns than it has seconds, and no peak is lost") {
  auto sample = samples::small();
  sample.intervals.clear();
  for (int second = 0; second < 130; ++second) {
    interval one{.start = std::chrono::seconds{second}, .length = 1s};
    one.all.answered = 50;
    one.all.p99_us = second == 64 ? 8'000 : 1'000;
    sample.intervals.push_back(one);
  }
  const auto lines = lines_of(text_report(sample));
  const auto heading = std::find(lines.begin(), lines.end(), "Over time, 3 s a column");
  REQUIRE(heading != lines.end());
  CHECK(*(heading + 1) == "  answered/s  ████████████████████████████████████████████  up to 50");
  CHECK(*(heading + 3) == "  p99         ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁█▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁  up to 8.00 ms");
}

TEST_CASE("Of a run in which nothing was planned there is a report, too") {
  const auto text = text_report({});
  CHECK(text.starts_with("PASS  , 0 requests/s for 0 s\n  0 targets\n"));
  CHECK(
      text.ends_with("\nTotal Requests: 0\nSuccessful:     0\nFailed:         0\nDuration:       0 s\n"
                     "Average Rate:   0.00 requests/s\n"));
}

TEST_CASE("A few answers in the milliseconds after the last second make no rate") {
  auto made = samples::empty();
  made.outcome.kind = verdict_kind::passed;
  for (int i = 0; i < 4; ++i) made.intervals.push_back({.start = i * 1s, .length = 1s, .all = {.answered = 200}});
  made.intervals.push_back({.start = 4s, .length = 3ms, .all = {.answered = 9}});
  CHECK_THAT(text_report(made), ContainsSubstring("up to 200\n"));
}

}  // namespace
}  // namespace cohort::loadgen
