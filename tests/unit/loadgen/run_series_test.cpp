#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "loadgen/outputs.hpp"
#include "tests/unit/loadgen/sample_report.hpp"

namespace cohort::loadgen {
namespace {

using namespace std::chrono_literals;

interval second(duration start, duration length, interval_tally all) {
  return {.start = start, .length = length, .all = all};
}

/// With a share that has no short decimal form, a second without answers, one without anything, and a part of one.
report uneven() {
  auto run = samples::titled("spike", "100");
  run.intervals = {
      second(0s, 1s, {.answered = 3, .failed = 1, .ended = 3, .p50_us = 1'234, .p99_us = 56'789}),
      second(1s, 1s, {.answered = 0, .failed = 7, .ended = 7}),
      second(2s, 1s, {}),
      second(3s, 1s, {.answered = 90, .failed = 20, .ended = 101, .p50_us = 999, .p99_us = 3'600'000'000}),
      second(4s, 250ms, {.answered = 5, .failed = 0, .ended = 5, .p50_us = 42, .p99_us = 43}),
  };
  return run;
}

report without_failures() {
  auto run = samples::small();
  for (auto& each : run.intervals) each.all.ended = each.all.answered;
  return run;
}

void check_equal(const run_series& a, const run_series& b) {
  CHECK(a.fingerprint == b.fingerprint);
  CHECK(a.p50_us == b.p50_us);
  CHECK(a.p99_us == b.p99_us);
  CHECK(a.failed_share == b.failed_share);
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  const auto where = text.find(what);
  REQUIRE(where != std::string::npos);
  return text.replace(where, what.size(), by);
}

std::string complaint(std::string_view json) {
  const auto series = read_run_series(json);
  return series ? "none" : series.error();
}

TEST_CASE("A run is compared by its whole intervals, and by percentiles only where there were answers") {
  const auto series = series_of(uneven());
  CHECK(series.fingerprint == uneven().fingerprint);
  CHECK(series.p50_us == std::vector<double>{1'234, 999});
  CHECK(series.p99_us == std::vector<double>{56'789, 3.6e9});
  CHECK(series.failed_share == std::vector<double>{1.0 / 3, 1, 20.0 / 101});
}

TEST_CASE("The usual length of an interval is the one that most have, wherever they are") {
  auto run = uneven();
  run.intervals.front().length = 800ms;
  CHECK(series_of(run).p50_us == std::vector<double>{999});
  run.intervals.back().length = 1s;
  CHECK(series_of(run).p50_us == std::vector<double>{999, 42});
}

TEST_CASE("A saved report gives the same series as the run that it was made of, to the digit") {
  const auto run = GENERATE(as<report (*)()>{}, &uneven, &without_failures)();
  const auto read = read_run_series(json_report(run));
  REQUIRE(read.has_value());
  check_equal(*read, series_of(run));
}

TEST_CASE("A baseline that cannot be used is refused with one sentence that says why") {
  struct mistake {
    std::string_view what;
    std::string_view by;
    std::string_view complaint;
  };
  const auto each = GENERATE(values<mistake>({
      {"{", "", "is not JSON."},
      {R"("name":"loadgen")", R"("name":"k6")",
       "is JSON, but no report of loadgen: its `generator.name` is not \"loadgen\"."},
      {R"("schema_version":1)", R"("schema_version":2)", "has `schema_version` 2, but this loadgen reads only 1."},
      {R"("schema_version":1)", R"("schema_version":"1")", "has no `schema_version` that is a whole number."},
      {R"("fingerprint":)", R"("footprint":)", "has no object `fingerprint`."},
      {R"("rate":"100")", R"("rate":100)", "has a `fingerprint` with a value that is no string."},
      {R"("intervals":[)", R"("intervals":7,"was":[)", "has no array `intervals`."},
      {R"("length_s":0.25)", R"("length_s":0)", "has no `intervals[4].length_s` that is a number above 0."},
      {R"("length_s":0.25)", R"("length_s":null)", "has no `intervals[4].length_s` that is a number above 0."},
      {R"("answered":90)", R"("answered":102)",
       "has no `intervals[3].totals.answered` that is a whole number from 0 to 101."},
      {R"("failed":20)", R"("failed":102)",
       "has no `intervals[3].totals.failed` that is a whole number from 0 to 101."},
      {R"("failed":20)", R"("failed":-1)", "has no `intervals[3].totals.failed` that is a whole number from 0 to 101."},
      {R"("ended":101)", R"("finished":101)", "has no `intervals[3].totals.ended` that is a whole number from 0."},
      {R"("p50_us":999)", R"("p50_us":null)",
       "has no `intervals[3].totals.p50_us` that is a whole number from 0 to 3600000000."},
      {R"("p50_us":999)", R"("p50_us":999.5)",
       "has no `intervals[3].totals.p50_us` that is a whole number from 0 to 3600000000."},
      {R"("p99_us":3600000000)", R"("p99_us":3600000001)",
       "has no `intervals[3].totals.p99_us` that is a whole number from 0 to 3600000000."},
  }));
  CHECK(complaint(replaced(json_report(uneven()), each.what, each.by)) == each.complaint);
}

TEST_CASE("What is JSON, but no object or no report, is no baseline") {
  const auto text = GENERATE("[]", "7", "{}", R"({"generator":"loadgen"})", R"({"metrics":{"http_reqs":{"count":1}}})");
  CHECK(complaint(text) == "is JSON, but no report of loadgen: its `generator.name` is not \"loadgen\".");
}

TEST_CASE("Interval totals that are missing are named") {
  auto text = json_report(uneven());
  const auto first = text.find(R"("totals")", text.find(R"("intervals")"));
  text.replace(first, 8, R"("sums")");
  CHECK(complaint(text) == "has no `intervals[0].totals`.");
}

}  // namespace
}  // namespace cohort::loadgen
