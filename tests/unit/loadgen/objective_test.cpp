#include "loadgen/objective.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <random>

#include "loadgen/report.hpp"

namespace cohort::loadgen {
namespace {

using namespace std::chrono_literals;
using measure = objective::measure;
using comparison_kind = objective::comparison;

objective parsed(std::string_view text) {
  auto made = parse_objective(text);
  REQUIRE(made.has_value());
  return *made;
}

TEST_CASE("An objective is read as it is written") {
  struct row {
    std::string_view text;
    std::string_view target;
    measure of;
    double percent;
    comparison_kind how;
    double limit;
  };
  using enum objective::comparison;
  const auto [text, target, of, percent, how, limit] = GENERATE(values<row>({
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
  const auto got = parsed(text);
  CHECK(got.text == text);
  CHECK(got.target == target);
  CHECK(got.of == of);
  CHECK(got.percent == percent);
  CHECK(got.how == how);
  CHECK(got.limit == limit);
}

TEST_CASE("What is no objective is refused with the reason and what it may be") {
  constexpr std::string_view measures =
      "; that is a percentile such as p50, p99 or p99.9, or mean, max, error_rate, goodput or rate.";
  constexpr std::string_view times = "; the limit is a time in us, ms or s, such as 200ms.";
  constexpr std::string_view shares = "; the limit is a percentage such as 0.1%.";
  constexpr std::string_view rates = "; the limit is a number of answers per second without a unit.";
  constexpr std::string_view no_comparison =
      "it has no comparison, such as p99<200ms, error_rate<0.1% or weather:p99<=1s.";
  const auto with = [](std::string_view what, std::string_view rest) { return std::string{what}.append(rest); };
  const auto many = std::string(400, '9');
  const std::vector<std::pair<std::string, std::string>> rows{
      {"", std::string{no_comparison}},
      {"p99", std::string{no_comparison}},
      {"p99=5ms", std::string{no_comparison}},
      {"<5ms", with("it does not say what is to be measured", measures)},
      {"weather:<5ms", with("it does not say what is to be measured", measures)},
      {":p99<5ms", "it has a colon, and no target before that."},
      {"q99<5ms", with(R"("q99" is no measure)", measures)},
      {"p<5ms", with(R"("p" is no measure)", measures)},
      {"pnan<5ms", with(R"("pnan" is no measure)", measures)},
      {"p9.9.9<5ms", with(R"("p9.9.9" is no measure)", measures)},
      {"p-1<5ms", with(R"("p-1" is no measure)", measures)},
      {"P99<5ms", with(R"("P99" is no measure)", measures)},
      {"p 99<5ms", with(R"("p 99" is no measure)", measures)},
      {"p0<5ms", R"("p0" is no percentile; they are above p0, up to p100.)"},
      {"p100.1<5ms", R"("p100.1" is no percentile; they are above p0, up to p100.)"},
      {"p99<", with("nothing follows the comparison", times)},
      {"p99<200", with(R"("200" lacks its unit)", times)},
      {"p99<200m", with(R"("m" is no unit for it)", times)},
      {"p99<200%", with(R"("%" is no unit for it)", times)},
      {"p99<200ms!", with(R"("ms!" is no unit for it)", times)},
      {"p99<1e3ms", with(R"("e3ms" is no unit for it)", times)},
      {"p99<0x10ms", with(R"("x10ms" is no unit for it)", times)},
      {"p99<-5ms", with(R"("-5ms" is negative)", times)},
      {"p99<nan", with(R"("nan" is no number)", times)},
      {"p99<inf", with(R"("inf" is no number)", times)},
      {"p99<ms", with(R"("ms" is no number)", times)},
      {"p99<<5ms", with(R"("<5ms" is no number)", times)},
      {"p99==5ms", std::string{no_comparison}},
      {"p99<1.2.3ms", with(R"("1.2.3" is no number, or too great a one)", times)},
      {"p99<" + many + "s", with('"' + many + R"(" is no number, or too great a one)", times)},
      {"p99<3600s", R"("3600s" is too long; times are measured up to an hour.)"},
      {"p99<0ms", "nothing can ever hold it."},
      {"error_rate<0.1", with(R"("0.1" lacks its unit)", shares)},
      {"error_rate<5ms", with(R"("ms" is no unit for it)", shares)},
      {"error_rate<-1%", with(R"("-1%" is negative)", shares)},
      {"error_rate<100.1%", R"("100.1%" is more than all; 100% is the most.)"},
      {"error_rate<0%", "nothing can ever hold it."},
      {"goodput>100%", "nothing can ever hold it."},
      {"rate>=990/s", with(R"("/s" is no unit for it)", rates)},
      {"rate>=", with("nothing follows the comparison", rates)},
      {"rate>" + many, with('"' + many + R"(" is no number, or too great a one)", rates)},
      {"rate<0", "nothing can ever hold it."},
  };
  for (const auto& [text, reason] : rows) {
    const auto got = parse_objective(text);
    REQUIRE(got.has_error());
    CHECK(got.error() == '"' + text + "\" is no objective: " + reason);
  }
}

tally of_outcomes(std::uint64_t succeeded, std::uint64_t failed, std::uint64_t on_time = 0) {
  tally made;
  made.outcomes[static_cast<std::size_t>(outcome::status_2xx)] = succeeded;
  made.outcomes[static_cast<std::size_t>(outcome::connect_refused)] = failed;
  made.on_time = on_time;
  return made;
}

/// 1 ms to 100 ms.
tally of_hundred_waits() {
  auto made = of_outcomes(100, 0);
  for (int i = 1; i <= 100; ++i) made.response.record(std::chrono::milliseconds{i});
  return made;
}

TEST_CASE("A measure is compared with its limit, and both sides of the limit with care") {
  struct row {
    std::string_view text;
    bool held;
    double was;
  };
  const auto [text, held, was] = GENERATE(values<row>({
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
  const auto got = evaluate(parsed(text), of_hundred_waits(), 10);
  CHECK(got.held == held);
  CHECK(got.was == was);
  CHECK_FALSE(got.lower_bound);
  CHECK(got.wanted.text == text);
}

TEST_CASE("Shares are of all requests that came to an end, and compared exactly") {
  struct row {
    std::string_view text;
    std::uint64_t succeeded;
    std::uint64_t failed;
    std::uint64_t on_time;
    bool held;
  };
  const auto [text, succeeded, failed, on_time, held] = GENERATE(values<row>({
      {"error_rate<0.7%", 993, 7, 0, false},
      {"error_rate<=0.7%", 993, 7, 0, true},
      {"error_rate<=0.7%", 99'299, 701, 0, false},
      {"error_rate<0.1%", 9'991, 9, 0, true},
      {"goodput>=99.3%", 1'000, 0, 993, true},
      {"goodput>99.3%", 1'000, 0, 993, false},
      {"goodput>=99.3%", 993, 8, 993, false},
      {"rate>=99", 990, 10, 0, true},  // refused ones are no answers
      {"rate>=99.1", 990, 10, 0, false},
  }));
  CAPTURE(text, succeeded, failed);
  CHECK(evaluate(parsed(text), of_outcomes(succeeded, failed, on_time), 10).held == held);
}

TEST_CASE("With no request at all nothing holds") {
  const auto text =
      GENERATE("p99<1s", "p99>0s", "mean<1s", "max<1s", "error_rate<1%", "goodput>=0%", "rate>=0", "rate<5");
  CAPTURE(text);
  const auto got = evaluate(parsed(text), tally{}, 10);
  CHECK_FALSE(got.held);
  CHECK(got.was == 0);
  CHECK_FALSE(is_lost(parsed(text), tally{}, 0));
}

TEST_CASE("Where nothing was answered no time holds") {
  CHECK_FALSE(evaluate(parsed("p99<1s"), of_outcomes(0, 10), 10).held);
  CHECK_FALSE(evaluate(parsed("mean<1s"), of_outcomes(0, 10), 10).held);
  CHECK_FALSE(evaluate(parsed("rate>=1"), of_outcomes(10, 0), 0).held);
}

TEST_CASE("A lower bound does not show that something was short, but does that it was long") {
  auto some = of_hundred_waits();
  for (int i = 0; i < 5; ++i) some.response.record_at_least(70ms);
  struct row {
    std::string_view text;
    bool held;
    double was;
    bool lower_bound;
  };
  const auto [text, held, was, lower_bound] = GENERATE(values<row>({
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
  const auto got = evaluate(parsed(text), some, 10);
  CHECK(got.held == held);
  CHECK(got.was == was);
  CHECK(got.lower_bound == lower_bound);
}

TEST_CASE("An objective is lost with the first request that makes it so") {
  tally slow = of_outcomes(1, 0);
  slow.response.record(1s);
  CHECK(is_lost(parsed("p99<1s"), slow, 99));
  CHECK_FALSE(is_lost(parsed("p99<1s"), slow, 100));  // the 99th of a hundred may still be short
  CHECK_FALSE(is_lost(parsed("p99<=1s"), slow, 1));
  CHECK(is_lost(parsed("max<1s"), slow, 1'000'000));
  CHECK_FALSE(is_lost(parsed("p99>2s"), slow, 1));
  CHECK_FALSE(is_lost(parsed("mean<1ms"), slow, 1));
  CHECK_FALSE(is_lost(parsed("rate>=100"), slow, 1));
  tally cut_off = of_outcomes(0, 1);
  cut_off.response.record_at_least(1s);
  CHECK(is_lost(parsed("p50<1s"), cut_off, 1));
  CHECK_FALSE(is_lost(parsed("p50<1s"), cut_off, 2));

  CHECK(is_lost(parsed("error_rate<1%"), of_outcomes(0, 1), 100));
  CHECK_FALSE(is_lost(parsed("error_rate<=1%"), of_outcomes(0, 1), 100));
  CHECK_FALSE(is_lost(parsed("error_rate<1%"), of_outcomes(0, 1), 101));
  CHECK(is_lost(parsed("error_rate>1%"), of_outcomes(99, 0), 100));
  CHECK_FALSE(is_lost(parsed("error_rate>1%"), of_outcomes(98, 0), 100));
  CHECK(is_lost(parsed("goodput>99%"), of_outcomes(1, 0, 0), 100));
  CHECK_FALSE(is_lost(parsed("goodput>=99%"), of_outcomes(1, 0, 0), 100));
  CHECK(is_lost(parsed("goodput<1%"), of_outcomes(1, 0, 1), 100));
  // A plan that was exceeded counts as what there was.
  CHECK_FALSE(is_lost(parsed("error_rate<=1%"), of_outcomes(99, 1), 10));
  CHECK_FALSE(is_lost(parsed("p99<100ms"), of_hundred_waits(), 10));
  CHECK_FALSE(is_lost(parsed("p99<100ms"), tally{}, 0));
}

/// What one request adds.
struct ended_request {
  bool succeeded = true;
  bool on_time = true;
  bool measured = true;
  bool censored = false;
  duration response{};

  void add_to(tally& into) const {
    ++into.outcomes[static_cast<std::size_t>(succeeded ? outcome::status_2xx : outcome::timeout)];
    into.on_time += on_time ? 1 : 0;
    if (measured && censored) into.response.record_at_least(response);
    if (measured && !censored) into.response.record(response);
  }
};

struct request_source {
  std::mt19937_64& random;
  unsigned failing_percent;
  unsigned censored_percent;
  std::uint64_t range;  // of responses, in microseconds

  ended_request next() {
    ended_request made;
    made.succeeded = random() % 100 >= failing_percent;
    made.on_time = made.succeeded && random() % 100 >= failing_percent;
    made.censored = random() % 100 < censored_percent;
    made.measured = made.censored || made.succeeded || random() % 2 == 0;
    made.response = std::chrono::microseconds{random() % range};
    return made;
  }
};

objective random_objective(std::mt19937_64& random, std::uint64_t range) {
  constexpr std::array percents{50.0, 90.0, 95.0, 99.0, 99.9, 100.0};
  constexpr std::array measures{measure::percentile, measure::max,  measure::error_rate,
                                measure::goodput,    measure::mean, measure::rate};
  objective made{.of = measures[random() % measures.size()], .percent = percents[random() % percents.size()]};
  made.how = static_cast<comparison_kind>(random() % 4);
  made.limit = made.of == measure::error_rate || made.of == measure::goodput
                   ? static_cast<double>(random() % 101) / 100
                   : static_cast<double>(random() % (2 * range)) / 2;
  return made;
}

TEST_CASE("What is lost fails however the rest of the run goes") {
  std::mt19937_64 random{GENERATE(range(1u, 300u))};
  const std::uint64_t range = 1 + random() % 200'000;
  request_source source{random, static_cast<unsigned>(random() % 30), static_cast<unsigned>(random() % 10), range};
  std::vector<ended_request> all(1 + random() % 200);
  for (auto& each : all) each = source.next();
  for (int i = 0; i < 20; ++i) {
    const auto wanted = random_objective(random, range);
    const auto ended = 1 + random() % all.size();
    tally so_far;
    for (std::size_t n = 0; n < ended; ++n) all[n].add_to(so_far);
    if (!is_lost(wanted, so_far, all.size())) continue;
    for (int k = 0; k < 10; ++k) {
      // As bad as so far, all good, none at all, or anything between.
      request_source rest{random, k % 2 == 0 ? 0 : static_cast<unsigned>(random() % 100),
                          k % 3 == 0 ? 0 : static_cast<unsigned>(random() % 100), k % 2 == 0 ? 1 : range};
      tally in_the_end;
      in_the_end.add(so_far);
      const auto until = k < 5 ? all.size() : ended + random() % (all.size() - ended + 1);
      for (auto n = ended; n < until; ++n) rest.next().add_to(in_the_end);
      REQUIRE_FALSE(evaluate(wanted, in_the_end, 1).held);
    }
  }
}

TEST_CASE("What is not lost can still be held, if every answer is known") {
  std::mt19937_64 random{GENERATE(range(1u, 300u))};
  const std::uint64_t range = 1 + random() % 200'000;
  request_source source{random, static_cast<unsigned>(random() % 30), 0, range};
  const auto planned = 1 + random() % 200;
  const auto ended = 1 + random() % planned;
  tally so_far;
  for (std::size_t n = 0; n < ended; ++n) {
    auto each = source.next();
    each.measured = true;
    each.add_to(so_far);
  }
  for (int i = 0; i < 20; ++i) {
    const auto wanted = random_objective(random, range);
    const bool for_less = wanted.how == comparison_kind::less || wanted.how == comparison_kind::less_or_equal;
    const bool is_share = wanted.of == measure::error_rate || wanted.of == measure::goodput;
    if (wanted.of == measure::mean || wanted.of == measure::rate || (!is_share && !for_less)) continue;
    if (is_lost(wanted, so_far, planned)) continue;
    const bool good = for_less == (wanted.of == measure::error_rate);
    tally in_the_end;
    in_the_end.add(so_far);
    const ended_request best{.succeeded = good || !is_share, .on_time = good && is_share};
    for (auto n = ended; n < planned; ++n) best.add_to(in_the_end);
    // A time of nothing is not less than nothing.
    if (wanted.limit == 0 && wanted.how == comparison_kind::less) continue;
    CAPTURE(static_cast<int>(wanted.of), wanted.percent, static_cast<int>(wanted.how), wanted.limit, ended, planned);
    CHECK(evaluate(wanted, in_the_end, 1).held);
  }
}

TEST_CASE("A value is shown in the unit that suits it, and never so that it looks like the limit without being it") {
  struct row {
    std::string_view text;
    double value;
    std::string_view shown;
  };
  const auto [text, value, shown] = GENERATE(values<row>({
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
  CHECK(describe(parsed(text), value) == shown);
}

}  // namespace
}  // namespace cohort::loadgen
