// SPDX-License-Identifier: BSL-1.0
#include "loadgen/scrape/server_snapshot.hpp"

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <limits>

#include "tests/unit/loadgen/scrape/service_metrics.hpp"

namespace cohort {
namespace {

using namespace test;
using namespace loadgen;
using Catch::Approx;
using label_map = std::map<std::string, std::string, std::less<>>;

constexpr double infinity = std::numeric_limits<double>::infinity();

metric_sample parse_single_sample(std::string_view text) {
  const auto samples = parse_metrics(text);
  REQUIRE(samples.size() == 1);
  return samples.front();
}

TEST_CASE("server snapshot: a sample has a name, optional labels and a value", "[loadgen][scrape]") {
  struct sample_case {
    std::string line;
    std::string name;
    label_map labels;
    double value;
  };
  const auto expected = GENERATE(from_range(std::vector<sample_case>{
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
  CAPTURE(expected.line);
  const auto sample = parse_single_sample(expected.line);
  CHECK(sample.name == expected.name);
  CHECK(sample.labels == expected.labels);
  CHECK(sample.value == expected.value);
}

TEST_CASE("server snapshot: a malformed line is skipped", "[loadgen][scrape]") {
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

TEST_CASE("server snapshot: complete lines of a truncated text are parsed", "[loadgen][scrape]") {
  const std::string text = "a{x=\"1\",y=\"\\\"\"} 5\nb{z=\"}\"} 6\n";
  for (std::size_t end = 0; end <= text.size(); ++end) {
    const auto samples = parse_metrics(std::string_view{text}.substr(0, end));
    CHECK(samples.size() == (end >= 17 ? 1U : 0U) + (end >= 28 ? 1U : 0U));
  }
}

TEST_CASE("server snapshot: long malformed input is parsed completely", "[loadgen][scrape]") {
  CHECK(parse_metrics(std::string(1'000'000, '\n')).empty());
  CHECK(parse_metrics(std::string(1'000'000, 'x')).empty());
  CHECK(parse_metrics("a{" + std::string(1'000'000, 'x')).empty());
  std::string labels = "a{";
  for (int i = 0; i < 10'000; ++i) labels += "l" + std::to_string(i) + "=\"v\",";
  CHECK(parse_single_sample(labels + "} 1").labels.size() == 10'000);
}

TEST_CASE("server snapshot: the route of the target is counted", "[loadgen][scrape]") {
  service_metrics metrics;
  metrics.add_requests("/api/time", 7);
  metrics.add_requests("/api/other", 5, 3);
  metrics.add_requests("unmatched", 3);
  metrics.update_usage(1.25, 1e6);
  const auto snapshot = metrics.snapshot("/api/time");
  CHECK(snapshot.request_count == 7);
  CHECK(snapshot.cpu_seconds == 1.25);
  CHECK(snapshot.resident_bytes == 1e6);
  CHECK(snapshot.buckets.size() == 18);
  CHECK(snapshot.buckets.at(0.0005) == 0);
  CHECK(snapshot.buckets.at(0.001) == 7);
  CHECK(snapshot.buckets.at(infinity) == 7);
}

TEST_CASE("server snapshot: without the target's route, all routes are counted", "[loadgen][scrape]") {
  service_metrics metrics;
  metrics.add_requests("/api/time", 7);
  metrics.add_requests("/api/other", 5, 3);
  const std::string path = GENERATE("", "/", "/api", "/api/time/", "/elsewhere");
  const auto snapshot = metrics.snapshot(path);
  CHECK(snapshot.request_count == 12);
  CHECK(snapshot.buckets.at(0.001) == 7);
  CHECK(snapshot.buckets.at(infinity) == 12);
}

TEST_CASE("server snapshot: the route label can have several names", "[loadgen][scrape]") {
  const std::string label = GENERATE("endpoint", "path", "route", "handler");
  CHECK(make_snapshot(
            parse_metrics("http_requests_total{" + label + "=\"/a\"} 5\nhttp_requests_total{" + label + "=\"/b\"} 7\n"),
            "/a")
            .request_count == 5);
}

TEST_CASE("server snapshot: a label with a similar name is not a route", "[loadgen][scrape]") {
  CHECK(make_snapshot(parse_metrics("http_requests_total{method=\"/a\"} 5\nhttp_requests_total{url=\"/a\"} 7\n"), "/a")
            .request_count == 12);
}

TEST_CASE("server snapshot: an empty label is not a route for a server of several targets", "[loadgen][scrape]") {
  CHECK(make_snapshot(parse_metrics("http_requests_total{handler=\"\"} 5\nhttp_requests_total{handler=\"/b\"} 7\n"), "")
            .request_count == 12);
}

TEST_CASE("server snapshot: only metrics with the standard suffixes are counted", "[loadgen][scrape]") {
  const auto snapshot =
      make_snapshot(parse_metrics("http_requests_total 1\nx_http_requests_total 2\nhttp_requests_total_sum 4\n"
                                  "http_requests 8\nrequests_total 16\nhttp_request_duration_seconds_count 3\n"),
                    "");
  CHECK(snapshot.request_count == 3);
  CHECK(snapshot.buckets.empty());
  CHECK_FALSE(snapshot.cpu_seconds);
  CHECK_FALSE(snapshot.resident_bytes);
}

TEST_CASE("server snapshot: invalid counter values are ignored", "[loadgen][scrape]") {
  const auto request_count = [](const std::string& value) {
    return make_snapshot(parse_metrics("http_requests_total " + value + "\n"), "").request_count;
  };
  CHECK(request_count("-5") == 0);
  CHECK(request_count("NaN") == 0);
  CHECK(request_count("+Inf") == 0);
  CHECK(request_count("1e300") == 0);
  CHECK(request_count("9007199254740992\nother_http_requests_total 9007199254740992") == std::uint64_t{1} << 53);
  CHECK(request_count("4.6") == 5);
}

TEST_CASE("server snapshot: invalid bucket bounds are ignored", "[loadgen][scrape]") {
  const auto snapshot = make_snapshot(
      parse_metrics(
          "http_request_duration_seconds_bucket{le=\"NaN\"} 1\nhttp_request_duration_seconds_bucket{le=\"\"} 2\n"
          "http_request_duration_seconds_bucket{le=\"fast\"} 3\nhttp_request_duration_seconds_bucket 4\n"
          "http_request_duration_seconds_bucket{le=\"0.5\"} 5\nhttp_request_duration_seconds_bucket{le=\"+Inf\"} 6\n"),
      "");
  CHECK(snapshot.buckets == std::map<double, double>{{0.5, 5}, {infinity, 6}});
}

server_snapshot make_buckets(std::map<double, double> buckets) {
  server_snapshot snapshot;
  snapshot.buckets = std::move(buckets);
  return snapshot;
}

TEST_CASE("server snapshot: a percentile is interpolated within its bucket", "[loadgen][scrape]") {
  struct percentile_case {
    double percent;
    std::uint64_t microseconds;
  };
  // Of 100 requests, 10 take up to 0.1 s, 30 up to 0.2 s and 60 up to 1 s.
  const auto snapshot_after = make_buckets({{0.1, 10}, {0.2, 40}, {1, 100}, {infinity, 100}});
  const auto expected = GENERATE(from_range(std::vector<percentile_case>{
      {5, 50'000}, {10, 100'000}, {25, 150'000}, {40, 200'000}, {70, 600'000}, {99, 986'667}, {100, 1'000'000}}));
  CAPTURE(expected.percent);
  CHECK(percentile_between({}, snapshot_after, expected.percent) == expected.microseconds);
}

TEST_CASE("server snapshot: a percentile covers the requests between two snapshots", "[loadgen][scrape]") {
  const auto snapshot_before = make_buckets({{0.1, 1'000}, {0.2, 1'000}, {infinity, 1'000}});
  const auto snapshot_after = make_buckets({{0.1, 1'000}, {0.2, 1'010}, {infinity, 1'010}});
  CHECK(percentile_between(snapshot_before, snapshot_after, 50) == 150'000);
  CHECK(percentile_between({}, snapshot_after, 50) == 50'500);
}

TEST_CASE("server snapshot: there is no percentile without requests, and none beyond the last bound",
          "[loadgen][scrape]") {
  const auto snapshot = make_buckets({{0.1, 98}, {infinity, 100}});
  CHECK(percentile_between({}, snapshot, 98) == 100'000);
  CHECK_FALSE(percentile_between({}, snapshot, 99));
  CHECK_FALSE(percentile_between(snapshot, snapshot, 50));
  CHECK_FALSE(percentile_between({}, {}, 50));
  CHECK_FALSE(percentile_between(snapshot, {}, 50));
  CHECK_FALSE(percentile_between({}, make_buckets({{infinity, 5}}), 50));
  CHECK_FALSE(percentile_between({}, make_buckets({{1e300, 5}, {infinity, 5}}), 50));
}

TEST_CASE("server snapshot: after a restart of the server, a percentile is absent or within the bounds",
          "[loadgen][scrape]") {
  const auto snapshot_before = make_buckets({{0.1, 100}, {0.2, 100}, {infinity, 100}});
  CHECK_FALSE(percentile_between(snapshot_before, make_buckets({{0.1, 5}, {0.2, 50}, {infinity, 50}}), 99));
  const auto mixed = percentile_between(snapshot_before, make_buckets({{0.1, 5}, {0.2, 150}, {infinity, 150}}), 99);
  if (mixed) CHECK(*mixed <= 200'000);
}

TEST_CASE("server snapshot: inconsistent bounds and counts never result in an invalid percentile",
          "[loadgen][scrape]") {
  const std::string line = "http_request_duration_seconds_bucket{le=";
  const std::string first = GENERATE("\"-5\"} 10", "\"-Inf\"} 10", "\"0\"} 10", "\"NaN\"} 10", "\"0.1\"} -10",
                                     "\"0.1\"} 20", "\"0.1\"} 1e300", "\"-1e300\"} 1");
  CAPTURE(first);
  const auto after =
      make_snapshot(parse_metrics(line + first + "\n" + line + "\"0.2\"} 10\n" + line + "\"+Inf\"} 10\n"), "");
  const auto value = percentile_between({}, after, 50);
  REQUIRE(value);
  CHECK(*value <= 200'000);
}

}  // namespace
}  // namespace cohort
