// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "loadgen/report/report_formats.hpp"
#include "tests/unit/loadgen/report/sample_report.hpp"

// Tests the sections of the text report.
namespace cohort::loadgen {
namespace {

using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("text report: an objective that cannot be proven is marked", "[loadgen][report]") {
  auto report = samples::spike();
  auto& interval = report.verdict.objectives[1];
  interval.value = 187'000;
  CHECK_THAT(render_text_report(report),
             ContainsSubstring("✗ missed  dashboard:p99<250ms  was ≥ 187 ms, not proven\n"));
  interval.is_lower_bound = false;
  interval.is_met = true;
  CHECK_THAT(render_text_report(report), ContainsSubstring("✓ met     dashboard:p99<250ms  was 187 ms\n"));
}

TEST_CASE("text report: a failure lists the targets with their counts in descending order", "[loadgen][report]") {
  auto report = samples::spike();
  const auto timeout = static_cast<std::size_t>(request_outcome::timeout);
  for (const std::size_t i : {0, 1, 2}) report.target_stats[i].outcomes[timeout] = i == 1 ? 1'000 : 2;
  CHECK_THAT(render_text_report(report, {false, 100}),
             ContainsSubstring("  0.29 %  system_info 1,000, dashboard 30, time 2, weather 2\n"));
}

TEST_CASE("text report: a server's request count is compared with the requests sent", "[loadgen][report]") {
  struct row {
    std::uint64_t served;
    std::string sentence;
  };
  const auto [served, sentence] =
      GENERATE(values<row>({{1'200, "  time: served 1,200 of 1,200 sent.\n"},
                            {1'199, "  time: served 1,199 of 1,200 sent, 1 missing.\n"},
                            {0, "  time: served 0 of 1,200 sent, 1,200 missing.\n"},
                            {1'240, "  time: served 1,240, 40 more than the 1,200 sent: it has other clients.\n"}}));
  auto report = samples::small();
  report.servers = {{.url = "http://a/metrics", .target = "time", .sent = 1'200, .served = served}};
  CHECK_THAT(render_text_report(report), ContainsSubstring(sentence));
}

TEST_CASE("text report: a server of several targets is named by its URL, and missing values are dashes",
          "[loadgen][report]") {
  auto report = samples::small();
  report.servers = {{.url = "http://a/metrics", .sent = 5, .served = 5, .phases = {{.phase = "balanced", .served = 5}}},
                    {.url = "http://b/metrics", .failure = "timeout"}};
  CHECK_THAT(render_text_report(report), ContainsSubstring(R"(
Server metrics
  http://a/metrics: served 5 of 5 sent.
  no metrics from http://b/metrics: timeout
  server            phase     served  p99  CPU cores  memory
  http://a/metrics  balanced       5    –          –       –
)"));
}

TEST_CASE("text report: the capacity is exact, a lower bound, or an upper bound", "[loadgen][report]") {
  auto report = samples::small();
  samples::add_knee(report);
  CHECK_THAT(render_text_report(report), ContainsSubstring("\n  Capacity: 4,200 requests/s\n"));
  report.knee->is_bounded = false;
  CHECK_THAT(render_text_report(report), ContainsSubstring("\n  Capacity: at least 4,200 requests/s\n"));
  report.knee->capacity.reset();
  CHECK_THAT(render_text_report(report), ContainsSubstring("\n  Capacity: less than 1,000 requests/s\n"));
  report.knee->trials.clear();
  CHECK_THAT(render_text_report(report), ContainsSubstring("\n  Capacity: unknown\n"));
}

TEST_CASE("text report: rates are averages over the length of the load, even for a stopped run", "[loadgen][report]") {
  auto report = samples::small();
  report.planned_duration = 100s;
  report.run_duration = 103s;
  CHECK_THAT(render_text_report(report), ContainsSubstring("\n  planned        500           5    100.00 %\n"));
  report.run_duration = 10s;
  CHECK_THAT(render_text_report(report), ContainsSubstring("\n  planned        500          50    100.00 %\n"));
}

TEST_CASE("text report: a response counts in the phase in which it arrived", "[loadgen][report]") {
  auto report = samples::spike();
  for (auto& interval : report.intervals) interval.totals.answered = interval.phase == 1 ? 1'000 : 700;
  CHECK_THAT(render_text_report(report), ContainsSubstring("\n  spike         1,600  9,580       1,000 "));
  CHECK_THAT(render_text_report(report), ContainsSubstring("\n  recovery        100    300         700 "));
  report.intervals.clear();
  CHECK_THAT(render_text_report(report), ContainsSubstring("\n  spike         1,600  9,580       1,591 "));
}

TEST_CASE("text report: responses after the last full second have no rate", "[loadgen][report]") {
  auto report = samples::empty();
  report.verdict.kind = verdict_kind::passed;
  for (int i = 0; i < 4; ++i) report.intervals.push_back({.start = i * 1s, .length = 1s, .totals = {.answered = 200}});
  report.intervals.push_back({.start = 4s, .length = 3ms, .totals = {.answered = 9}});
  CHECK_THAT(render_text_report(report), ContainsSubstring("up to 200\n"));
}

}  // namespace
}  // namespace cohort::loadgen
