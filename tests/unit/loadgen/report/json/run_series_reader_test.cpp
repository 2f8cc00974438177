// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "loadgen/report/json/run_series_reader.hpp"
#include "loadgen/report/report_formats.hpp"
#include "tests/unit/loadgen/report/json/replace_once.hpp"
#include "tests/unit/loadgen/report/sample_report.hpp"

namespace cohort::loadgen {
namespace {

using namespace std::chrono_literals;

interval_report make_interval(duration start, duration length, interval_stats totals) {
  return {.start = start, .length = length, .totals = totals};
}

/// Returns a report with these intervals: a ratio without a short decimal form, no responses, no requests, a large
/// ratio, and less than a second.
run_report varied_report() {
  auto report = samples::make_report("spike", "100");
  report.intervals = {
      make_interval(0s, 1s, {.answered = 3, .failed = 1, .ended = 3, .p50_us = 1'234, .p99_us = 56'789}),
      make_interval(1s, 1s, {.answered = 0, .failed = 7, .ended = 7}),
      make_interval(2s, 1s, {}),
      make_interval(3s, 1s, {.answered = 90, .failed = 20, .ended = 101, .p50_us = 999, .p99_us = 3'600'000'000}),
      make_interval(4s, 250ms, {.answered = 5, .failed = 0, .ended = 5, .p50_us = 42, .p99_us = 43}),
  };
  return report;
}

run_report report_without_failures() {
  auto report = samples::small();
  for (auto& interval : report.intervals) interval.totals.ended = interval.totals.answered;
  return report;
}

void check_equal(const run_series& a, const run_series& b) {
  CHECK(a.fingerprint == b.fingerprint);
  CHECK(a.p50_us == b.p50_us);
  CHECK(a.p99_us == b.p99_us);
  CHECK(a.failure_ratio == b.failure_ratio);
}

std::string error_of(std::string_view json) {
  const auto series = parse_run_series(json);
  return series ? "none" : series.error();
}

TEST_CASE("run series: contains full intervals, and percentiles only of intervals with responses",
          "[loadgen][report]") {
  const auto series = make_run_series(varied_report());
  CHECK(series.fingerprint == varied_report().fingerprint);
  CHECK(series.p50_us == std::vector<double>{1'234, 999});
  CHECK(series.p99_us == std::vector<double>{56'789, 3.6e9});
  CHECK(series.failure_ratio == std::vector<double>{1.0 / 3, 1, 20.0 / 101});
}

TEST_CASE("run series: the length of a full interval is the most frequent length", "[loadgen][report]") {
  auto report = varied_report();
  report.intervals.front().length = 800ms;
  CHECK(make_run_series(report).p50_us == std::vector<double>{999});
  report.intervals.back().length = 1s;
  CHECK(make_run_series(report).p50_us == std::vector<double>{999, 42});
}

TEST_CASE("run series: the series of a saved report equals the series of the run", "[loadgen][report]") {
  const auto report = GENERATE(as<run_report (*)()>{}, &varied_report, &report_without_failures)();
  const auto read = parse_run_series(render_json_report(report));
  REQUIRE(read.has_value());
  check_equal(*read, make_run_series(report));
}

TEST_CASE("run series: an unusable report is an error of one sentence", "[loadgen][report]") {
  struct error_case {
    std::string_view original;
    std::string_view replacement;
    std::string_view error_of;
  };
  const auto example = GENERATE(values<error_case>({
      {"{", "", "is not JSON."},
      {R"("name":"loadgen")", R"("name":"k6")", "is not a loadgen report: `generator.name` is not \"loadgen\"."},
      {R"("schema_version":1)", R"("schema_version":2)", "has `schema_version` 2; this version of loadgen reads 1."},
      {R"("schema_version":1)", R"("schema_version":"1")",
       "has no valid `schema_version`: it is missing or not an integer."},
      {R"("fingerprint":)", R"("footprint":)", "has no object `fingerprint`."},
      {R"("rate":"100")", R"("rate":100)", "has a `fingerprint` with a value that is not a string."},
      {R"("intervals":[)", R"("intervals":7,"was":[)", "has no array `intervals`."},
      {R"("length_s":0.25)", R"("length_s":0)", "has no positive number `intervals[4].length_s`."},
      {R"("length_s":0.25)", R"("length_s":null)", "has no positive number `intervals[4].length_s`."},
      {R"("answered":90)", R"("answered":102)",
       "has no valid `intervals[3].totals.answered`: it is missing or not an integer from 0 to 101."},
      {R"("failed":20)", R"("failed":102)",
       "has no valid `intervals[3].totals.failed`: it is missing or not an integer from 0 to 101."},
      {R"("failed":20)", R"("failed":-1)",
       "has no valid `intervals[3].totals.failed`: it is missing or not an integer from 0 to 101."},
      {R"("ended":101)", R"("finished":101)",
       "has no valid `intervals[3].totals.ended`: it is missing or not an integer of at least 0."},
      {R"("p50_us":999)", R"("p50_us":null)",
       "has no valid `intervals[3].totals.p50_us`: it is missing or not an integer from 0 to 3600000000."},
      {R"("p50_us":999)", R"("p50_us":999.5)",
       "has no valid `intervals[3].totals.p50_us`: it is missing or not an integer from 0 to 3600000000."},
      {R"("p99_us":3600000000)", R"("p99_us":3600000001)",
       "has no valid `intervals[3].totals.p99_us`: it is missing or not an integer from 0 to 3600000000."},
  }));
  CHECK(error_of(replace_once(render_json_report(varied_report()), example.original, example.replacement)) ==
        example.error_of);
}

TEST_CASE("run series: JSON that is not an object or not a report is an error", "[loadgen][report]") {
  const auto text = GENERATE("[]", "7", "{}", R"({"generator":"loadgen"})", R"({"metrics":{"http_reqs":{"count":1}}})");
  CHECK(error_of(text) == "is not a loadgen report: `generator.name` is not \"loadgen\".");
}

TEST_CASE("run series: the error names the missing totals of an interval", "[loadgen][report]") {
  auto text = render_json_report(varied_report());
  const auto first = text.find(R"("totals")", text.find(R"("intervals")"));
  text.replace(first, 8, R"("sums")");
  CHECK(error_of(text) == "has no `intervals[0].totals`.");
}

}  // namespace
}  // namespace cohort::loadgen
