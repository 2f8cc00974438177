// SPDX-License-Identifier: BSL-1.0
#include <cohort/telemetry/exposition.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cmath>
#include <limits>

#include <cohort/runtime/time/virtual_time.hpp>

namespace cohort::telemetry {
namespace {

using prometheus::MetricType;

constexpr double infinity = std::numeric_limits<double>::infinity();
const trace_id sample_trace{0x0af7651916cd43ddU, 0x8448eb211c80319cU};

std::string open_metrics(const std::vector<prometheus::MetricFamily>& families, const exemplar_table& exemplars = {}) {
  return serialize_metrics(families, exposition_format::open_metrics, exemplars);
}

prometheus::MetricFamily histogram_of(std::vector<double> bounds) {
  prometheus::MetricFamily family{.name = "seconds", .help = "", .type = MetricType::Histogram, .metric = {}};
  family.metric.emplace_back();
  for (const double bound : bounds) family.metric[0].histogram.bucket.push_back({0, bound});
  return family;
}

/// Returns the text between the first occurrence of `after` and the next occurrence of `before`.
std::string text_between(const std::string& text, std::string_view after, std::string_view before) {
  const auto start = text.find(after) + after.size();
  return text.substr(start, text.find(before, start) - start);
}

TEST_CASE("exposition: OpenMetrics has help, type, unit and series of each family, and EOF",
          "[telemetry][exposition]") {
  registry metrics{1};
  metrics.make_counter("requests_total", "Requests.", {{"endpoint", "/api"}, {"status", "200"}}).increment(3);
  metrics.make_counter("work_seconds_total", "Work.").increment(0.5);
  metrics.make_gauge("memory_bytes", "Memory.").add(-1.5);
  auto& seconds = metrics.make_histogram("duration_seconds", "Seconds.", {{"method", "GET"}}, {0.5, 1});
  seconds.observe(0.25);
  seconds.observe(2);
  metrics.add_collector([](std::vector<prometheus::MetricFamily>& families) {
    families.push_back(single_value_family("collected", "Collected value.", MetricType::Gauge, 7));
  });
  CHECK(metrics.open_metrics_text() ==
        "# HELP requests Requests.\n"
        "# TYPE requests counter\n"
        "requests_total{endpoint=\"/api\",status=\"200\"} 3\n"
        "# HELP work_seconds Work.\n"
        "# TYPE work_seconds counter\n"
        "# UNIT work_seconds seconds\n"
        "work_seconds_total 0.5\n"
        "# HELP memory_bytes Memory.\n"
        "# TYPE memory_bytes gauge\n"
        "# UNIT memory_bytes bytes\n"
        "memory_bytes -1.5\n"
        "# HELP duration_seconds Seconds.\n"
        "# TYPE duration_seconds histogram\n"
        "# UNIT duration_seconds seconds\n"
        "duration_seconds_count{method=\"GET\"} 2\n"
        "duration_seconds_sum{method=\"GET\"} 2.25\n"
        "duration_seconds_bucket{method=\"GET\",le=\"0.5\"} 1\n"
        "duration_seconds_bucket{method=\"GET\",le=\"1.0\"} 1\n"
        "duration_seconds_bucket{method=\"GET\",le=\"+Inf\"} 2\n"
        "# HELP collected Collected value.\n"
        "# TYPE collected gauge\n"
        "collected 7\n"
        "# EOF\n");
}

TEST_CASE("exposition: a bucket's bound has the same canonical notation in both formats", "[telemetry][exposition]") {
  // Includes the examples of "Canonical Numbers" in OpenMetrics.
  const auto [bound, text] = GENERATE(table<double, std::string>({
      {0, "0.0"},      {0.001, "0.001"}, {0.002, "0.002"}, {0.01, "0.01"},   {0.1, "0.1"},         {0.9, "0.9"},
      {0.95, "0.95"},  {0.999, "0.999"}, {1, "1.0"},       {1.7, "1.7"},     {10, "10.0"},         {1e-10, "1e-10"},
      {1e-9, "1e-09"}, {1e-5, "1e-05"},  {5e-5, "5e-05"},  {1e-4, "0.0001"}, {100, "100.0"},       {1e5, "100000.0"},
      {1e6, "1e+06"},  {1e10, "1e+10"},  {-1, "-1.0"},     {2.5, "2.5"},     {0.00025, "0.00025"}, {infinity, "+Inf"},
  }));
  const auto families = std::vector{histogram_of({bound})};
  CHECK(text_between(open_metrics(families), "le=\"", "\"") == text);
  CHECK(text_between(serialize_metrics(families, exposition_format::prometheus_text), "le=\"", "\"") == text);
}

TEST_CASE("exposition: a value has the shortest notation that preserves it", "[telemetry][exposition]") {
  const auto [value, text] = GENERATE(table<double, std::string>({
      {0, "0"},
      {-0.0, "0"},
      {3, "3"},
      {100000, "100000"},
      {123456789, "123456789"},
      {999999999999999, "999999999999999"},
      {1e15, "1e+15"},
      {-7, "-7"},
      {0.1, "0.1"},
      {1732320000.125, "1732320000.125"},
      {1.0 / 3, "0.3333333333333333"},
      {1e300, "1e+300"},
      {infinity, "+Inf"},
      {-infinity, "-Inf"},
      {std::nan(""), "NaN"},
  }));
  const auto families = std::vector{single_value_family("x", "", MetricType::Gauge, value)};
  CHECK(text_between(open_metrics(families), "gauge\nx ", "\n") == text);
  CHECK(text_between(serialize_metrics(families, exposition_format::prometheus_text), "gauge\nx ", "\n") == text);
}

TEST_CASE("exposition: a counter without a valid OpenMetrics family name has the type unknown",
          "[telemetry][exposition]") {
  SECTION("the counter's name has no _total suffix") {
    const auto families = std::vector{single_value_family("restarts", "", MetricType::Counter, 2)};
    CHECK(open_metrics(families) == "# TYPE restarts unknown\nrestarts 2\n# EOF\n");
    CHECK(serialize_metrics(families, exposition_format::prometheus_text) == "# TYPE restarts counter\nrestarts 2\n");
  }
  SECTION("the name belongs to another family") {
    const auto families = std::vector{single_value_family("open_total", "", MetricType::Counter, 2),
                                      single_value_family("open", "", MetricType::Gauge, 1)};
    CHECK(open_metrics(families) == "# TYPE open_total unknown\nopen_total 2\n# TYPE open gauge\nopen 1\n# EOF\n");
    CHECK(serialize_metrics(families, exposition_format::prometheus_text) ==
          "# TYPE open_total counter\nopen_total 2\n# TYPE open gauge\nopen 1\n");
  }
}

TEST_CASE("exposition: an untyped metric has the type unknown in OpenMetrics and untyped in the text format",
          "[telemetry][exposition]") {
  prometheus::MetricFamily family{.name = "x", .help = "", .type = MetricType::Untyped, .metric = {}};
  family.metric.emplace_back().untyped.value = 4;
  CHECK(open_metrics({family}) == "# TYPE x unknown\nx 4\n# EOF\n");
  CHECK(serialize_metrics({family}, exposition_format::prometheus_text) == "# TYPE x untyped\nx 4\n");
}

TEST_CASE("exposition: a family has a unit only if its name ends with the unit", "[telemetry][exposition]") {
  const auto [name, unit] = GENERATE(table<std::string, bool>({
      {"x_seconds", true},
      {"x_bytes", true},
      {"xseconds", false},
      {"seconds_left", false},
      {"x_minutes", false},
      {"seconds", false},
  }));
  CAPTURE(name);
  const auto text = open_metrics({single_value_family(name, "", MetricType::Gauge, 1)});
  CHECK((text.find("# UNIT " + name + " " + name.substr(name.find('_') + 1) + "\n") != std::string::npos) == unit);
  CHECK((text.find("UNIT") != std::string::npos) == unit);
  CHECK(serialize_metrics({single_value_family(name, "", MetricType::Gauge, 1)}, exposition_format::prometheus_text)
            .find("UNIT") == std::string::npos);
}

TEST_CASE("exposition: help texts and label values are escaped", "[telemetry][exposition]") {
  auto family = single_value_family("x", "a \"b\"\n# EOF\n\\", MetricType::Gauge, 1);
  family.metric[0].label.push_back({"path", "a\"} 1\nforged 2\\"});
  const std::string series = "# TYPE x gauge\nx{path=\"a\\\"} 1\\nforged 2\\\\\"} 1\n";
  CHECK(open_metrics({family}) == "# HELP x a \\\"b\\\"\\n# EOF\\n\\\\\n" + series + "# EOF\n");
  CHECK(serialize_metrics({family}, exposition_format::prometheus_text) ==
        "# HELP x a \"b\"\\n# EOF\\n\\\\\n" + series);
}

TEST_CASE("exposition: a bucket has an exemplar with trace ID, value and timestamp in OpenMetrics only",
          "[telemetry][exposition]") {
  const auto timestamp = wall_time{std::chrono::milliseconds{1'732'320'000'125}};
  auto family = histogram_of({1, infinity});
  family.metric.push_back(family.metric[0]);
  family.metric[1].label.push_back({"method", "GET"});
  const exemplar_table exemplars{{"seconds",
                                  {{std::nullopt, exemplar{sample_trace, 1.5, timestamp}},
                                   {exemplar{sample_trace, 0.25, timestamp}, std::nullopt}}},
                                 {"other", {{exemplar{sample_trace, 7, timestamp}}}}};
  CHECK(open_metrics({family}, exemplars) ==
        "# TYPE seconds histogram\n"
        "seconds_count 0\nseconds_sum 0\n"
        "seconds_bucket{le=\"1.0\"} 0\n"
        "seconds_bucket{le=\"+Inf\"} 0 # {trace_id=\"0af7651916cd43dd8448eb211c80319c\"} 1.5 1732320000.125\n"
        "seconds_count{method=\"GET\"} 0\nseconds_sum{method=\"GET\"} 0\n"
        "seconds_bucket{method=\"GET\",le=\"1.0\"} 0 "
        "# {trace_id=\"0af7651916cd43dd8448eb211c80319c\"} 0.25 1732320000.125\n"
        "seconds_bucket{method=\"GET\",le=\"+Inf\"} 0\n"
        "# EOF\n");
  registry metrics{1};
  virtual_time time;
  auto& seconds = metrics.make_histogram("seconds", "Seconds.");
  const auto observe_once = [](histogram& target) -> task<> {
    target.observe(0.1, {.id = sample_trace, .is_sampled = true}, loop::current().now());
    co_return;
  };
  time.run(observe_once(seconds));
  CHECK(metrics.open_metrics_text().find("} 1 # {trace_id=\"0af7651916cd43dd8448eb211c80319c\"} 0.1 ") !=
        std::string::npos);
  CHECK(metrics.prometheus_text().find("trace_id") == std::string::npos);
}

TEST_CASE("exposition: exemplars may be missing for metrics and buckets", "[telemetry][exposition]") {
  auto family = histogram_of({1, infinity});
  family.metric.push_back(family.metric[0]);
  const auto text_without_exemplars = open_metrics({family});
  CHECK(open_metrics({family}, {{"seconds", {bucket_exemplars(1)}}}) == text_without_exemplars);
  CHECK(open_metrics({family}, {{"seconds", {}}}) == text_without_exemplars);
}

TEST_CASE("exposition: without metrics, OpenMetrics has only EOF", "[telemetry][exposition]") {
  CHECK(registry{1}.open_metrics_text() == "# EOF\n");
  CHECK(registry{1}.prometheus_text().empty());
}

}  // namespace
}  // namespace cohort::telemetry
