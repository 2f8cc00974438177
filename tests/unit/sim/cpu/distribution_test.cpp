// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <stdexcept>

#include <cohort/sim/cpu/measured_distribution.hpp>

using namespace cohort;
using namespace std::chrono_literals;
using Catch::Matchers::WithinRel;
using sim::distribution;

namespace {

/// 10 values of 0.1 ms, 80 of 3 ms and 10 of 100 ms, as loadgen encodes them.
constexpr std::string_view encoded_histogram = "HISTBAAAACp4nJNpmczMwMDAxQABzFCaEURcm7yEwf4DROA4o8hb1QWMPwNEAJNpCG0=";

std::string report(std::string_view verdict, std::string_view encoded = encoded_histogram) {
  return R"({"verdict":{"word":")" + std::string{verdict} + R"("},"targets":[{"name":"api","totals":{"service":)" +
         R"({"hdr_v2_base64":")" + std::string{encoded} + R"("}}}]})";
}

constexpr std::string_view exposition = R"(# TYPE shop_http_request_duration_seconds histogram
shop_http_request_duration_seconds_bucket{endpoint="/a",le="0.01"} 50
shop_http_request_duration_seconds_bucket{endpoint="/a",le="0.1"} 90
shop_http_request_duration_seconds_bucket{endpoint="/a",le="+Inf"} 100
shop_http_request_duration_seconds_count{endpoint="/a"} 100
shop_http_request_duration_seconds_bucket{endpoint="/b",le="0.01"} 100
shop_http_request_duration_seconds_bucket{endpoint="/b",le="0.1"} 100
shop_http_request_duration_seconds_bucket{endpoint="/b",le="+Inf"} 100
)";

}  // namespace

TEST_CASE("distribution: the mean of the draws is the mean of the distribution", "[sim][distribution]") {
  const auto [name, drawn] = GENERATE(
      table<const char*, distribution>({{"constant", distribution::constant(3ms)},
                                        {"uniform", distribution::uniform(1ms, 5ms)},
                                        {"exponential", distribution::exponential(3ms)},
                                        {"lognormal", distribution::lognormal(3ms, 30ms)},
                                        {"empirical", distribution::empirical({{1ms, 10}, {2ms, 0}, {10ms, 30}})}}));
  INFO(name);
  random_generator random{7};
  constexpr int draws = 200'000;
  double sum = 0;
  for (int i = 0; i < draws; ++i) sum += to_milliseconds(drawn.draw(random));
  CHECK_THAT(sum / draws, WithinRel(to_milliseconds(drawn.mean()), 0.02));
}

TEST_CASE("distribution: a lognormal distribution has the given quantiles", "[sim][distribution]") {
  const auto latency = distribution::lognormal(10ms, 120ms);
  CHECK_THAT(to_milliseconds(latency.quantile(0.5)), WithinRel(10.0, 1e-6));
  CHECK_THAT(to_milliseconds(latency.quantile(0.99)), WithinRel(120.0, 1e-6));
  CHECK(latency.quantile(1) < 10min);
  CHECK(distribution::lognormal(1us, 24h).quantile(1) == 365 * 24h);
  CHECK(distribution::lognormal(1us, 24h).mean() == 365 * 24h);
  CHECK_THROWS_AS(distribution::lognormal(0ms, 1ms), std::invalid_argument);
  CHECK_THROWS_AS(distribution::lognormal(2ms, 1ms), std::invalid_argument);
}

TEST_CASE("distribution: values are interpolated within the buckets of a histogram", "[sim][distribution]") {
  const auto measured = distribution::empirical({{10ms, 50}, {100ms, 40}}, 10);
  CHECK(measured.quantile(0.25) == 5ms);
  CHECK(measured.quantile(0.7) == 55ms);
  CHECK(measured.quantile(1) == 100ms);
  CHECK(measured.overflow_fraction() == 0.1);
  CHECK_THROWS_AS(distribution::empirical({{2ms, 1}, {1ms, 1}}), std::invalid_argument);
  CHECK_THROWS_AS(distribution::empirical({{2ms, 0}}), std::invalid_argument);
}

TEST_CASE("measured distribution: service times are read from a loadgen report", "[sim][distribution]") {
  const auto measured = sim::distribution_from_loadgen_report(report("pass"), "api");
  REQUIRE(measured.has_value());
  CHECK(measured->quantile(0.05) <= 100us);
  CHECK_THAT(to_milliseconds(measured->quantile(0.5)), WithinRel(3.0, 0.001));
  CHECK_THAT(to_milliseconds(measured->quantile(0.95)), WithinRel(100.0, 0.001));
  CHECK(measured->overflow_fraction() == 0);
}

TEST_CASE("measured distribution: an unusable report is rejected with the reason", "[sim][distribution]") {
  CHECK(sim::distribution_from_loadgen_report("[]").error() == "the file is not a JSON report of loadgen");
  CHECK(sim::distribution_from_loadgen_report("{").error() == "the file is not valid JSON");
  CHECK(sim::distribution_from_loadgen_report(report("pass"), "web").error() ==
        "the report has no target web; it has api");
  CHECK(sim::distribution_from_loadgen_report(report("invalid")).error().starts_with("the report's verdict is"));
  CHECK(sim::distribution_from_loadgen_report(report("pass", "HISTFAAA")).error() ==
        "the target api has no service times");
}

TEST_CASE("measured distribution: invalid counts and times are rejected", "[sim][distribution]") {
  // The compressed values after the header are: one count of 2^62; -2^63, then 1; a time of 2^51 us.
  const auto* const encoded = GENERATE("HISTBAAAACJ42pNpmczMwMDAyQABzFCaEURcm7yEwf4DRKABBgCOswkA",
                                       "HISTBAAAACR42pNpmczMwMDAxQABzFCaEURcm7yEwf4DROA/DDABALKqDXo=",
                                       "HISTBAAAACR42pNpmczMwMDAwgABzFCaEURcm7yEwf4DROD/fxYmAGf9Bn8=");
  CHECK(sim::distribution_from_loadgen_report(report("pass", encoded)).error() ==
        "the target api has no service times");
}

TEST_CASE("measured distribution: samples without a count or a bound are ignored", "[sim][distribution]") {
  const auto [bound, count] = GENERATE(table<std::string, std::string>({
      {"0.01", "-1"},
      {"0.01", "1e300"},
      {"0.01", "NaN"},
      {"0.01", "+Inf"},
      {"-1", "7"},
      {"1e300", "7"},
      {"nan", "7"},
      {"1e999", "7"},
      {"", "7"},
  }));
  CAPTURE(bound, count);
  const auto sample = "a_seconds_bucket{le=\"" + bound + "\"} " + count + "\n";
  CHECK(sim::distribution_from_prometheus(sample, "a_seconds").error() ==
        "there is no histogram a_seconds with these labels");
  const auto measured = sim::distribution_from_prometheus(sample + "a_seconds_bucket{le=\"2\"} 8\n", "a_seconds");
  REQUIRE(measured.has_value());
  CHECK(measured->quantile(1) == 2s);
}

TEST_CASE("measured distribution: service times are read from a Prometheus histogram", "[sim][distribution]") {
  const auto single_distribution =
      sim::distribution_from_prometheus(exposition, "shop_http_request_duration_seconds", {{"endpoint", "/a"}});
  REQUIRE(single_distribution.has_value());
  CHECK(single_distribution->quantile(0.25) == 5ms);
  CHECK(single_distribution->overflow_fraction() == 0.1);
  const auto combined_distribution =
      sim::distribution_from_prometheus(exposition, "shop_http_request_duration_seconds");
  REQUIRE(combined_distribution.has_value());
  CHECK(combined_distribution->overflow_fraction() == 0.05);
  CHECK(sim::distribution_from_prometheus(exposition, "shop_response_size_bytes").error() ==
        "the unit of the histogram shop_response_size_bytes is not seconds: its name must end in _seconds");
  CHECK(sim::distribution_from_prometheus(exposition, "shop_seconds").error() ==
        "there is no histogram shop_seconds with these labels");
}
