// SPDX-License-Identifier: BSL-1.0
#include "loadgen/results/objective_result.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>

#include "tests/unit/loadgen/results/objective_samples.hpp"

namespace cohort::loadgen {
namespace {

using namespace std::chrono_literals;
using measure = objective::measure;
using comparison_operator = objective::comparison_operator;

TEST_CASE("objective: the parts of a valid text are parsed", "[loadgen][results]") {
  struct example {
    std::string_view text;
    std::string_view target;
    measure measured;
    double percent;
    comparison_operator comparison;
    double limit;
  };
  using enum objective::comparison_operator;
  const auto [text, target, measured, percent, comparison, limit] = GENERATE(values<example>({
      {"p99<200ms", "", measure::percentile, 99, less, 200'000},
      {"p50<=1.5ms", "", measure::percentile, 50, less_or_equal, 1'500},
      {"p90>10us", "", measure::percentile, 90, greater, 10},
      {"p95>=2s", "", measure::percentile, 95, greater_or_equal, 2'000'000},
      {"p99.9<0.25s", "", measure::percentile, 99.9, less, 250'000},
      {"p99.99<4.35us", "", measure::percentile, 99.99, less, 4.35},
      {"p100<3599s", "", measure::percentile, 100, less, 3'599'000'000},
      {"mean<4.35ms", "", measure::mean, 99, less, 4'350},
      {"max<=1s", "", measure::max, 99, less_or_equal, 1'000'000},
      {"error_rate<0.7%", "", measure::error_rate, 99, less, 0.007},
      {"error_rate<=0%", "", measure::error_rate, 99, less_or_equal, 0},
      {"goodput>99.9%", "", measure::goodput, 99, greater, 0.999},
      {"goodput>=100%", "", measure::goodput, 99, greater_or_equal, 1},
      {"rate>=990", "", measure::rate, 99, greater_or_equal, 990},
      {"weather:p99<200ms", "weather", measure::percentile, 99, less, 200'000},
      {"http://a:8080/x:p99<200ms", "http://a:8080/x", measure::percentile, 99, less, 200'000},
      {"  weather : p99  <=  200 ms ", "weather", measure::percentile, 99, less_or_equal, 200'000},
  }));
  CAPTURE(text);
  const auto parsed = parse(text);
  CHECK(parsed.text == text);
  CHECK(parsed.target == target);
  CHECK(parsed.measured == measured);
  CHECK(parsed.percent == percent);
  CHECK(parsed.comparison == comparison);
  CHECK(parsed.limit == limit);
}

TEST_CASE("objective: an invalid objective is rejected with the reason and the accepted values", "[loadgen][results]") {
  constexpr std::string_view measures =
      "; accepted: a percentile such as p50, p99 or p99.9, or mean, max, error_rate, goodput or rate.";
  constexpr std::string_view times = "; expected a time in us, ms or s, such as 200ms.";
  constexpr std::string_view shares = "; expected a percentage such as 0.1%.";
  constexpr std::string_view rates = "; expected responses per second, without a unit.";
  constexpr std::string_view missing_operator =
      "no comparison operator; expected MEASURE<LIMIT such as p99<200ms, error_rate<0.1% or weather:p99<=1s.";
  const auto concatenate = [](std::string_view what, std::string_view suffix) {
    return std::string{what}.append(suffix);
  };
  const auto digits = std::string(400, '9');
  const std::vector<std::pair<std::string, std::string>> rows{
      {"", std::string{missing_operator}},
      {"p99", std::string{missing_operator}},
      {"p99=5ms", std::string{missing_operator}},
      {"<5ms", concatenate("no measure", measures)},
      {"weather:<5ms", concatenate("no measure", measures)},
      {":p99<5ms", "no target name before \":\"."},
      {"q99<5ms", concatenate(R"(unknown measure "q99")", measures)},
      {"p<5ms", concatenate(R"(unknown measure "p")", measures)},
      {"pnan<5ms", concatenate(R"(unknown measure "pnan")", measures)},
      {"p9.9.9<5ms", concatenate(R"(unknown measure "p9.9.9")", measures)},
      {"p-1<5ms", concatenate(R"(unknown measure "p-1")", measures)},
      {"P99<5ms", concatenate(R"(unknown measure "P99")", measures)},
      {"p 99<5ms", concatenate(R"(unknown measure "p 99")", measures)},
      {"p0<5ms", R"(percentile "p0" is out of range; accepted: above p0, up to p100.)"},
      {"p100.1<5ms", R"(percentile "p100.1" is out of range; accepted: above p0, up to p100.)"},
      {"p99<", concatenate("no limit", times)},
      {"p99<200", concatenate(R"(limit "200" has no unit)", times)},
      {"p99<200m", concatenate(R"(unknown unit "m")", times)},
      {"p99<200%", concatenate(R"(unknown unit "%")", times)},
      {"p99<200ms!", concatenate(R"(unknown unit "ms!")", times)},
      {"p99<1e3ms", concatenate(R"(unknown unit "e3ms")", times)},
      {"p99<0x10ms", concatenate(R"(unknown unit "x10ms")", times)},
      {"p99<-5ms", concatenate(R"(limit "-5ms" is negative)", times)},
      {"p99<nan", concatenate(R"(limit "nan" is not a number)", times)},
      {"p99<inf", concatenate(R"(limit "inf" is not a number)", times)},
      {"p99<ms", concatenate(R"(limit "ms" is not a number)", times)},
      {"p99<<5ms", concatenate(R"(limit "<5ms" is not a number)", times)},
      {"p99==5ms", std::string{missing_operator}},
      {"p99<1.2.3ms", concatenate(R"(limit "1.2.3" is not a number, or too large)", times)},
      {"p99<" + digits + "s", concatenate("limit \"" + digits + R"(" is not a number, or too large)", times)},
      {"p99<3600s", R"(limit "3600s" is too long; accepted: less than one hour.)"},
      {"p99<0ms", "no value can meet the objective."},
      {"error_rate<0.1", concatenate(R"(limit "0.1" has no unit)", shares)},
      {"error_rate<5ms", concatenate(R"(unknown unit "ms")", shares)},
      {"error_rate<-1%", concatenate(R"(limit "-1%" is negative)", shares)},
      {"error_rate<100.1%", R"(limit "100.1%" is too large; accepted: up to 100%.)"},
      {"error_rate<0%", "no value can meet the objective."},
      {"goodput>100%", "no value can meet the objective."},
      {"rate>=990/s", concatenate(R"(unknown unit "/s")", rates)},
      {"rate>=", concatenate("no limit", rates)},
      {"rate>" + digits, concatenate("limit \"" + digits + R"(" is not a number, or too large)", rates)},
      {"rate<0", "no value can meet the objective."},
  };
  for (const auto& [text, reason] : rows) {
    const auto parsed = parse_objective(text);
    REQUIRE(parsed.has_error());
    CHECK(parsed.error() == '"' + text + "\" is not a valid objective: " + reason);
  }
}

TEST_CASE("objective: a measured value is compared with the limit on both sides", "[loadgen][results]") {
  struct example {
    std::string_view text;
    bool is_met;
    double value;
  };
  const auto [text, is_met, value] = GENERATE(values<example>({
      {"p50<51ms", true, 50'015},
      {"p50<50ms", false, 50'015},
      {"p50>50ms", true, 50'015},
      {"p99<=99006us", false, 99'007},
      {"p99<=99007us", true, 99'007},
      {"p99<99007us", false, 99'007},
      {"p99>=99007us", true, 99'007},
      {"p99>99007us", false, 99'007},
      {"max<=100ms", true, 100'000},
      {"max<100ms", false, 100'000},
      {"p100>=100ms", true, 100'000},
      {"mean<=50.5ms", true, 50'500},
      {"mean<50.5ms", false, 50'500},
      {"error_rate<=0%", true, 0},
      {"rate>=10", true, 10},
      {"rate>10", false, 10},
      {"goodput<1%", true, 0},
  }));
  CAPTURE(text);
  const auto result = evaluate(parse(text), make_uniform_response_times(), 10);
  CHECK(result.is_met == is_met);
  CHECK(result.value == value);
  CHECK_FALSE(result.is_lower_bound);
  CHECK(result.definition.text == text);
}

TEST_CASE("objective: ratios are over all requests that have ended, and compared exactly", "[loadgen][results]") {
  struct example {
    std::string_view text;
    std::uint64_t succeeded;
    std::uint64_t failed;
    std::uint64_t on_time;
    bool is_met;
  };
  const auto [text, succeeded, failed, on_time, is_met] = GENERATE(values<example>({
      {"error_rate<0.7%", 993, 7, 0, false},
      {"error_rate<=0.7%", 993, 7, 0, true},
      {"error_rate<=0.7%", 99'299, 701, 0, false},
      {"error_rate<0.1%", 9'991, 9, 0, true},
      {"goodput>=99.3%", 1'000, 0, 993, true},
      {"goodput>99.3%", 1'000, 0, 993, false},
      {"goodput>=99.3%", 993, 8, 993, false},
      {"rate>=99", 990, 10, 0, true},  // refused connections are not responses
      {"rate>=99.1", 990, 10, 0, false},
  }));
  CAPTURE(text, succeeded, failed);
  CHECK(evaluate(parse(text), make_stats(succeeded, failed, on_time), 10).is_met == is_met);
}

TEST_CASE("objective: without requests, no objective is met", "[loadgen][results]") {
  const auto text =
      GENERATE("p99<1s", "p99>0s", "mean<1s", "max<1s", "error_rate<1%", "goodput>=0%", "rate>=0", "rate<5");
  CAPTURE(text);
  const auto result = evaluate(parse(text), request_stats{}, 10);
  CHECK_FALSE(result.is_met);
  CHECK(result.value == 0);
  CHECK_FALSE(is_infeasible(parse(text), request_stats{}, 0));
}

TEST_CASE("objective: without responses, no latency objective is met", "[loadgen][results]") {
  CHECK_FALSE(evaluate(parse("p99<1s"), make_stats(0, 10), 10).is_met);
  CHECK_FALSE(evaluate(parse("mean<1s"), make_stats(0, 10), 10).is_met);
  CHECK_FALSE(evaluate(parse("rate>=1"), make_stats(10, 0), 0).is_met);
}

TEST_CASE("objective: a lower bound does not meet an upper limit, but meets a lower limit", "[loadgen][results]") {
  auto stats = make_uniform_response_times();
  for (int i = 0; i < 5; ++i) stats.response_time.record_censored(70ms);
  struct example {
    std::string_view text;
    bool is_met;
    double value;
    bool is_lower_bound;
  };
  const auto [text, is_met, value, is_lower_bound] = GENERATE(values<example>({
      {"p50<1s", true, 53'023, false},
      {"p99<1s", false, 99'007, true},
      {"p99<10ms", false, 99'007, true},
      {"p99>1s", false, 99'007, true},
      {"p99>90ms", true, 99'007, true},
      {"max<1s", false, 100'000, true},
      {"max>=100ms", true, 100'000, true},
      {"mean<1s", false, (5'050'000.0 + 350'000) / 105, true},
      {"mean>51ms", true, (5'050'000.0 + 350'000) / 105, true},
  }));
  CAPTURE(text);
  const auto result = evaluate(parse(text), stats, 10);
  CHECK(result.is_met == is_met);
  CHECK(result.value == value);
  CHECK(result.is_lower_bound == is_lower_bound);
}

TEST_CASE("objective: a value has a suitable unit, and is displayed as equal to the limit only if it is equal",
          "[loadgen][results]") {
  struct example {
    std::string_view text;
    double value;
    std::string_view formatted;
  };
  const auto [text, value, formatted] = GENERATE(values<example>({
      {"p99<200ms", 187'000, "187 ms"},
      {"p99<200ms", 0, "0 µs"},
      {"p99<200ms", 73, "73 µs"},
      {"p99<200ms", 999, "999 µs"},
      {"p99<200ms", 1'000, "1 ms"},
      {"p99<200ms", 1'234, "1.23 ms"},
      {"p99<200ms", 12'345'678, "12.3 s"},
      {"p99<200ms", 200'000, "200 ms"},
      {"p99<200ms", 200'063, "200.1 ms"},
      {"p99<200ms", 200'001, "200.001 ms"},
      {"mean<2ms", 123.456, "123 µs"},
      {"error_rate<0.1%", 0.0002, "0.02 %"},
      {"error_rate<0.1%", 0, "0 %"},
      {"error_rate<0.1%", 1.0 / 3, "33.33 %"},
      {"error_rate<0.1%", 0.001000001, "0.1000001 %"},
      {"error_rate<0.1%", 0.00000123456, "0.0001235 %"},
      {"goodput>99%", 0.99999, "99.999 %"},
      {"goodput>99%", 1, "100 %"},
      {"rate>=990", 998.2, "998.2/s"},
      {"rate>=990", 989.996, "989.996/s"},
      {"rate>=990", 12345.6, "12346/s"},
      {"rate>=990", 0, "0/s"},
  }));
  CAPTURE(text, value);
  CHECK(format_value(parse(text), value) == formatted);
}

}  // namespace
}  // namespace cohort::loadgen
