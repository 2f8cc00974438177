#include "loadgen/server_scrape.hpp"

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <limits>

#include "tests/unit/loadgen/service_metrics.hpp"

namespace cohort {
namespace {

using namespace test;
using namespace loadgen;
using Catch::Approx;
using label_map = std::map<std::string, std::string, std::less<>>;

constexpr double infinity = std::numeric_limits<double>::infinity();

metric_sample only(std::string_view text) {
  const auto samples = parse_metrics(text);
  REQUIRE(samples.size() == 1);
  return samples.front();
}

TEST_CASE("A sample is a name, labels where there are some, and a value") {
  struct row {
    std::string line;
    std::string name;
    label_map labels;
    double value;
  };
  const auto of = GENERATE(from_range(std::vector<row>{
      {"up 1", "up", {}, 1},
      {"up 1\n", "up", {}, 1},
      {"up 1\r\n", "up", {}, 1},
      {"\n\n  up   1.5e3  \n\n", "up", {}, 1500},
      {"up\t1", "up", {}, 1},
      {"up -0.5", "up", {}, -0.5},
      {"up 1 1714564800000", "up", {}, 1},
      {"up{} 1", "up", {}, 1},
      {"up{a=\"b\"} 1", "up", {{"a", "b"}}, 1},
      {"up{a=\"b\"}1", "up", {{"a", "b"}}, 1},
      {"up{a=\"b\",} 1", "up", {{"a", "b"}}, 1},
      {"up{ a=\"b\" , c=\"d\" } 1 5", "up", {{"a", "b"}, {"c", "d"}}, 1},
      {R"(up{a="",b="x y"} 1)", "up", {{"a", ""}, {"b", "x y"}}, 1},
      {R"(up{a="/x,y",b="{z}",c="}=\"}"} 1)", "up", {{"a", "/x,y"}, {"b", "{z}"}, {"c", "}=\"}"}}, 1},
      {R"(up{a="\\\"\n\\n"} 1)", "up", {{"a", "\\\"\n\\n"}}, 1},
      {"up{a=\"\xc3\xa4\xff\"} 1", "up", {{"a", "\xc3\xa4\xff"}}, 1},
      {"a:b_c9 7", "a:b_c9", {}, 7},
  }));
  CAPTURE(of.line);
  const auto sample = only(of.line);
  CHECK(sample.name == of.name);
  CHECK(sample.labels == of.labels);
  CHECK(sample.value == of.value);
}

TEST_CASE("A line that is no sample is left out, and the others are not") {
  const std::string line = GENERATE("", "#", "# HELP up 1", "# TYPE up counter", "up", "up ", " 1", "up one", "up 1x",
                                    "up 0x10", "up --1", "up NaN", "up 1e300", "up +Inf", "up -Inf", "up inf",
                                    "up 1e999", "{a=\"b\"} 1", "up{a=\"b\" 1", "up{a=\"b} 1", "up{a=b} 1", "up{a} 1",
                                    "up{a=\"b\"}", "up{a=\"b\\", "up{a=\"\\", "up{", "up}", "<html><body>", "\x01\x02");
  CAPTURE(line);
  const auto samples = parse_metrics("before 1\n" + line + "\nafter 2");
  REQUIRE(samples.size() == 2);
  CHECK(samples[0].name == "before");
  CHECK(samples[1].name == "after");
  CHECK(samples[1].value == 2);
}

TEST_CASE("Whatever a text is cut off at, what is whole before that is read") {
  const std::string text = "a{x=\"1\",y=\"\\\"\"} 5\nb{z=\"}\"} 6\n";
  for (std::size_t end = 0; end <= text.size(); ++end) {
    const auto samples = parse_metrics(std::string_view{text}.substr(0, end));
    CHECK(samples.size() == (end >= 17 ? 1U : 0U) + (end >= 28 ? 1U : 0U));
  }
}

TEST_CASE("Long texts without sense are read to their end") {
  CHECK(parse_metrics(std::string(1'000'000, '\n')).empty());
  CHECK(parse_metrics(std::string(1'000'000, 'x')).empty());
  CHECK(parse_metrics("a{" + std::string(1'000'000, 'x')).empty());
  std::string labels = "a{";
  for (int i = 0; i < 10'000; ++i) labels += "l" + std::to_string(i) + "=\"v\",";
  CHECK(only(labels + "} 1").labels.size() == 10'000);
}

TEST_CASE("Of Cohort's own metrics the target's route is counted") {
  service_metrics metrics;
  metrics.served("/api/time", 7);
  metrics.served("/api/other", 5, 3);
  metrics.served("unmatched", 3);
  metrics.used(1.25, 1e6);
  const auto of = metrics.snapshot("/api/time");
  CHECK(of.served == 7);
  CHECK(of.cpu_seconds == 1.25);
  CHECK(of.resident_bytes == 1e6);
  CHECK(of.buckets.size() == 18);
  CHECK(of.buckets.at(0.0005) == 0);
  CHECK(of.buckets.at(0.001) == 7);
  CHECK(of.buckets.at(infinity) == 7);
}

TEST_CASE("Without a route that is the target's all are counted") {
  service_metrics metrics;
  metrics.served("/api/time", 7);
  metrics.served("/api/other", 5, 3);
  const std::string path = GENERATE("", "/", "/api", "/api/time/", "/elsewhere");
  const auto of = metrics.snapshot(path);
  CHECK(of.served == 12);
  CHECK(of.buckets.at(0.001) == 7);
  CHECK(of.buckets.at(infinity) == 12);
}

TEST_CASE("A route's label may have another name") {
  const std::string label = GENERATE("endpoint", "path", "route", "handler");
  CHECK(snapshot_of(
            parse_metrics("http_requests_total{" + label + "=\"/a\"} 5\nhttp_requests_total{" + label + "=\"/b\"} 7\n"),
            "/a")
            .served == 5);
}

TEST_CASE("A label that only looks like a route's is none") {
  CHECK(snapshot_of(parse_metrics("http_requests_total{method=\"/a\"} 5\nhttp_requests_total{url=\"/a\"} 7\n"), "/a")
            .served == 12);
}

TEST_CASE("An empty label is no route for a server of several targets") {
  CHECK(snapshot_of(parse_metrics("http_requests_total{handler=\"\"} 5\nhttp_requests_total{handler=\"/b\"} 7\n"), "")
            .served == 12);
}

TEST_CASE("Only what ends in the names of the trade is counted") {
  const auto of =
      snapshot_of(parse_metrics("http_requests_total 1\nx_http_requests_total 2\nhttp_requests_total_sum 4\n"
                                "http_requests 8\nrequests_total 16\nhttp_request_duration_seconds_count 3\n"),
                  "");
  CHECK(of.served == 3);
  CHECK(of.buckets.empty());
  CHECK_FALSE(of.cpu_seconds);
  CHECK_FALSE(of.resident_bytes);
}

TEST_CASE("Values that no counter can have do no harm") {
  const auto served = [](const std::string& value) {
    return snapshot_of(parse_metrics("http_requests_total " + value + "\n"), "").served;
  };
  CHECK(served("-5") == 0);
  CHECK(served("NaN") == 0);
  CHECK(served("+Inf") == 0);
  CHECK(served("1e300") == 0);
  CHECK(served("9007199254740992\nother_http_requests_total 9007199254740992") == std::uint64_t{1} << 53);
  CHECK(served("4.6") == 5);
}

TEST_CASE("Bounds that are no numbers are left out") {
  const auto of = snapshot_of(
      parse_metrics(
          "http_request_duration_seconds_bucket{le=\"NaN\"} 1\nhttp_request_duration_seconds_bucket{le=\"\"} 2\n"
          "http_request_duration_seconds_bucket{le=\"fast\"} 3\nhttp_request_duration_seconds_bucket 4\n"
          "http_request_duration_seconds_bucket{le=\"0.5\"} 5\nhttp_request_duration_seconds_bucket{le=\"+Inf\"} 6\n"),
      "");
  CHECK(of.buckets == std::map<double, double>{{0.5, 5}, {infinity, 6}});
}

server_snapshot with_buckets(std::map<double, double> buckets) {
  server_snapshot made;
  made.buckets = std::move(buckets);
  return made;
}

TEST_CASE("A percentile is within its bucket in proportion") {
  struct row {
    double percent;
    std::uint64_t microseconds;
  };
  // 10 up to 0.1 s, 30 up to 0.2 s, 60 up to 1 s: ranks of 100.
  const auto after = with_buckets({{0.1, 10}, {0.2, 40}, {1, 100}, {infinity, 100}});
  const auto of = GENERATE(from_range(std::vector<row>{
      {5, 50'000}, {10, 100'000}, {25, 150'000}, {40, 200'000}, {70, 600'000}, {99, 986'667}, {100, 1'000'000}}));
  CAPTURE(of.percent);
  CHECK(percentile_between({}, after, of.percent) == of.microseconds);
}

TEST_CASE("A percentile is of what came between the two") {
  const auto before = with_buckets({{0.1, 1'000}, {0.2, 1'000}, {infinity, 1'000}});
  const auto after = with_buckets({{0.1, 1'000}, {0.2, 1'010}, {infinity, 1'010}});
  CHECK(percentile_between(before, after, 50) == 150'000);
  CHECK(percentile_between({}, after, 50) == 50'500);
}

TEST_CASE("There is no percentile where nothing came, or where it is beyond the last bound") {
  const auto some = with_buckets({{0.1, 98}, {infinity, 100}});
  CHECK(percentile_between({}, some, 98) == 100'000);
  CHECK_FALSE(percentile_between({}, some, 99));
  CHECK_FALSE(percentile_between(some, some, 50));
  CHECK_FALSE(percentile_between({}, {}, 50));
  CHECK_FALSE(percentile_between(some, {}, 50));
  CHECK_FALSE(percentile_between({}, with_buckets({{infinity, 5}}), 50));
  CHECK_FALSE(percentile_between({}, with_buckets({{1e300, 5}, {infinity, 5}}), 50));
}

TEST_CASE("A server that began anew between the two has no percentile, or one within its bounds") {
  const auto before = with_buckets({{0.1, 100}, {0.2, 100}, {infinity, 100}});
  CHECK_FALSE(percentile_between(before, with_buckets({{0.1, 5}, {0.2, 50}, {infinity, 50}}), 99));
  const auto mixed = percentile_between(before, with_buckets({{0.1, 5}, {0.2, 150}, {infinity, 150}}), 99);
  if (mixed) CHECK(*mixed <= 200'000);
}

TEST_CASE("Bounds and counts that make no sense give no nonsense") {
  const std::string line = "http_request_duration_seconds_bucket{le=";
  const std::string first = GENERATE("\"-5\"} 10", "\"-Inf\"} 10", "\"0\"} 10", "\"NaN\"} 10", "\"0.1\"} -10",
                                     "\"0.1\"} 20", "\"0.1\"} 1e300", "\"-1e300\"} 1");
  CAPTURE(first);
  const auto after =
      snapshot_of(parse_metrics(line + first + "\n" + line + "\"0.2\"} 10\n" + line + "\"+Inf\"} 10\n"), "");
  const auto value = percentile_between({}, after, 50);
  REQUIRE(value);
  CHECK(*value <= 200'000);
}

}  // namespace
}  // namespace cohort
