// SPDX-License-Identifier: BSL-1.0
#include "loadgen/scrape/metrics_endpoint.hpp"

#include <catch2/catch_test_macros.hpp>
#include <map>
#include <set>

#include "loadgen/scrape/server_monitor.hpp"
#include "tests/unit/loadgen/report/sample_report.hpp"

namespace cohort {
namespace {

using namespace std::chrono_literals;
using namespace loadgen;

std::string render_metrics(const run_report& report) {
  telemetry::registry metrics{1};
  metrics.add_collector([&](auto& families) {
    for (auto& family : metric_families(report)) families.push_back(std::move(family));
  });
  return metrics.prometheus_text();
}

/// Returns the value of a series in the text format.
std::optional<double> value_of(const std::string& text, const std::string& name) {
  const auto line = ("\n" + text).find("\n" + name + " ");
  if (line == std::string::npos) return std::nullopt;
  return std::stod(text.substr(line + name.size() + 1));
}

TEST_CASE("metrics endpoint: each family has a unique name, a help text and a type", "[loadgen][scrape]") {
  const auto families = metric_families(samples::small());
  std::map<std::string, prometheus::MetricType> types;
  for (const auto& family : families) {
    CHECK_FALSE(family.help.empty());
    CHECK_FALSE(family.metric.empty());
    CHECK(types.emplace(family.name, family.type).second);
    // The alert rules select the servers' metrics by this suffix.
    CHECK_FALSE(family.name.ends_with("http_requests_total"));
  }
  using enum prometheus::MetricType;
  CHECK(types == std::map<std::string, prometheus::MetricType>{{"loadgen_requests_planned_total", Counter},
                                                               {"loadgen_requests_sent_total", Counter},
                                                               {"loadgen_connections_opened_total", Counter},
                                                               {"loadgen_outcomes_total", Counter},
                                                               {"loadgen_response_duration_seconds", Histogram},
                                                               {"loadgen_service_duration_seconds", Histogram},
                                                               {"loadgen_dispatch_lag_seconds", Histogram},
                                                               {"loadgen_in_flight_requests", Gauge},
                                                               {"loadgen_waiting_requests", Gauge},
                                                               {"loadgen_busiest_worker_cpu_ratio", Gauge}});
}

TEST_CASE("metrics endpoint: counters of each target and outcome exist with the value zero before the first request",
          "[loadgen][scrape]") {
  const auto report = samples::spike();
  const auto text = render_metrics(report);
  for (std::size_t target = 0; target < report.targets.size(); ++target) {
    const auto& name = report.targets[target].name;
    const auto& stats = report.target_stats[target];
    const auto check_value = [&](const std::string& metric, std::uint64_t value) {
      CAPTURE(metric, name);
      CHECK(value_of(text, metric + "{target=\"" + name + "\"}") == static_cast<double>(value));
    };
    check_value("loadgen_requests_planned_total", stats.planned);
    check_value("loadgen_requests_sent_total", stats.sent);
    check_value("loadgen_connections_opened_total", stats.connections_opened);
    check_value("loadgen_response_duration_seconds_count", stats.response_time.observed().count());
    check_value("loadgen_service_duration_seconds_count", stats.service_time.count());
    for (std::size_t i = 0; i < outcome_count; ++i) {
      const auto key = std::string{outcome_key(static_cast<request_outcome>(i))};
      CHECK(value_of(text, "loadgen_outcomes_total{target=\"" + name + "\",outcome=\"" + key + "\"}") ==
            static_cast<double>(stats.outcomes[i]));
    }
  }
}

TEST_CASE("metrics endpoint: histograms are cumulative over the standard bounds, in seconds", "[loadgen][scrape]") {
  run_report report;
  report.targets = {{.name = "a"}};
  auto& stats = report.target_stats.emplace_back();
  for (const auto span : {50us, 51us, 100us, 2400us, 9'900'000us, 10'100'000us}) stats.service_time.record(span);
  stats.response_time.record(60us);
  // Censored values are not part of the metrics.
  stats.response_time.record_censored(70us);
  report.totals.dispatch_lag.record(250us);
  const auto text = render_metrics(report);
  const auto bucket = [&](const std::string& bound) {
    return value_of(text, "loadgen_service_duration_seconds_bucket{target=\"a\",le=\"" + bound + "\"}");
  };
  CHECK(bucket("5e-05") == 1);
  CHECK(bucket("0.0001") == 3);
  CHECK(bucket("0.001") == 3);
  CHECK(bucket("0.0025") == 4);
  CHECK(bucket("5.0") == 4);
  CHECK(bucket("10.0") == 5);
  CHECK(bucket("+Inf") == 6);
  CHECK(value_of(text, "loadgen_service_duration_seconds_count{target=\"a\"}") == 6);
  const auto sum = value_of(text, "loadgen_service_duration_seconds_sum{target=\"a\"}");
  REQUIRE(sum);
  CHECK(*sum > 20.002600);
  CHECK(*sum < 20.002602);
  CHECK(value_of(text, "loadgen_response_duration_seconds_bucket{target=\"a\",le=\"5e-05\"}") == 0);
  CHECK(value_of(text, "loadgen_response_duration_seconds_bucket{target=\"a\",le=\"0.0001\"}") == 1);
  CHECK(value_of(text, "loadgen_response_duration_seconds_count{target=\"a\"}") == 1);
  CHECK(value_of(text, "loadgen_dispatch_lag_seconds_bucket{le=\"0.0001\"}") == 0);
  CHECK(value_of(text, "loadgen_dispatch_lag_seconds_bucket{le=\"0.00025\"}") == 1);
}

TEST_CASE("metrics endpoint: buckets never decrease, and the last bucket equals the count", "[loadgen][scrape]") {
  const auto samples = parse_metrics(render_metrics(samples::spike()));
  std::map<std::string, double> last;
  for (const auto& sample : samples) {
    if (!sample.name.ends_with("_bucket")) continue;
    const auto target = sample.labels.find("target");
    const auto series = sample.name + (target == sample.labels.end() ? "" : target->second);
    CHECK(sample.value >= last[series]);
    last[series] = sample.value;
  }
  CHECK(last.size() == 9);
  CHECK(last["loadgen_response_duration_seconds_bucketdashboard"] ==
        static_cast<double>(samples::spike().target_stats[3].response_time.observed().count()));
}

TEST_CASE("metrics endpoint: gauges have the values of the last interval", "[loadgen][scrape]") {
  auto report = samples::small();
  report.intervals.back().in_flight = 7;
  report.intervals.back().waiting = 3;
  report.intervals.back().busiest_worker_cpu = 0.25;
  const auto text = render_metrics(report);
  CHECK(value_of(text, "loadgen_in_flight_requests") == 7);
  CHECK(value_of(text, "loadgen_waiting_requests") == 3);
  CHECK(value_of(text, "loadgen_busiest_worker_cpu_ratio") == 0.25);
}

TEST_CASE("metrics endpoint: before the first interval, all values are zero and finite", "[loadgen][scrape]") {
  run_report report;
  report.targets = {{.name = "a"}};
  report.target_stats.resize(1);
  const auto text = render_metrics(report);
  const auto samples = parse_metrics(text);
  CHECK(samples.size() > 60);
  for (const auto& sample : samples) CHECK(sample.value == 0);
  CHECK(text.find("an\n") == std::string::npos);
}

TEST_CASE("metrics endpoint: a target name is escaped in labels", "[loadgen][scrape]") {
  auto report = samples::small();
  report.targets[0].name = "a\"} 5\nevil_total 7\n\\";
  const auto samples = parse_metrics(render_metrics(report));
  std::set<std::string> targets;
  for (const auto& sample : samples) {
    CHECK(sample.name.starts_with("loadgen_"));
    if (const auto found = sample.labels.find("target"); found != sample.labels.end()) targets.insert(found->second);
  }
  CHECK(targets == std::set<std::string>{report.targets[0].name});
}

}  // namespace
}  // namespace cohort
