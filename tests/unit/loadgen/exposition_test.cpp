#include "loadgen/exposition.hpp"

#include <catch2/catch_test_macros.hpp>
#include <map>
#include <set>

#include "loadgen/server_scrape.hpp"
#include "tests/unit/loadgen/sample_report.hpp"

namespace cohort {
namespace {

using namespace std::chrono_literals;
using namespace loadgen;

std::string text_of(const report& of) {
  telemetry::registry metrics{1};
  metrics.add_collector([&](auto& families) {
    for (auto& each : metric_families(of)) families.push_back(std::move(each));
  });
  return metrics.text();
}

/// The value of a series as it is scraped.
std::optional<double> series(const std::string& text, const std::string& name) {
  const auto line = ("\n" + text).find("\n" + name + " ");
  if (line == std::string::npos) return std::nullopt;
  return std::stod(text.substr(line + name.size() + 1));
}

TEST_CASE("The families have names of their own, with help and type") {
  const auto families = metric_families(samples::small());
  std::map<std::string, prometheus::MetricType> types;
  for (const auto& each : families) {
    CHECK_FALSE(each.help.empty());
    CHECK_FALSE(each.metric.empty());
    CHECK(types.emplace(each.name, each.type).second);
    // The alerts select by that.
    CHECK_FALSE(each.name.ends_with("http_requests_total"));
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

TEST_CASE("Each target's counts are shown, and each outcome's, at zero too") {
  const auto of = samples::spike();
  const auto text = text_of(of);
  for (std::size_t t = 0; t < of.targets.size(); ++t) {
    const auto& name = of.targets[t].name;
    const auto& counts = of.by_target[t];
    const auto is = [&](const std::string& metric, std::uint64_t value) {
      CAPTURE(metric, name);
      CHECK(series(text, metric + "{target=\"" + name + "\"}") == static_cast<double>(value));
    };
    is("loadgen_requests_planned_total", counts.planned);
    is("loadgen_requests_sent_total", counts.sent);
    is("loadgen_connections_opened_total", counts.connections_opened);
    is("loadgen_response_duration_seconds_count", counts.response.known().count());
    is("loadgen_service_duration_seconds_count", counts.service.count());
    for (std::size_t i = 0; i < outcome_count; ++i) {
      const auto key = std::string{key_of(static_cast<outcome>(i))};
      CHECK(series(text, "loadgen_outcomes_total{target=\"" + name + "\",outcome=\"" + key + "\"}") ==
            static_cast<double>(counts.outcomes[i]));
    }
  }
}

TEST_CASE("A histogram is cumulative over Cohort's bounds, in seconds") {
  report of;
  of.targets = {{.name = "a"}};
  auto& counts = of.by_target.emplace_back();
  for (const auto span : {50us, 51us, 100us, 2400us, 9'900'000us, 10'100'000us}) counts.service.record(span);
  counts.response.record(60us);
  // Nobody knows how long that one would have been.
  counts.response.record_at_least(70us);
  of.all.dispatch_lag.record(250us);
  const auto text = text_of(of);
  const auto bucket = [&](const std::string& bound) {
    return series(text, "loadgen_service_duration_seconds_bucket{target=\"a\",le=\"" + bound + "\"}");
  };
  CHECK(bucket("5e-05") == 1);
  CHECK(bucket("0.0001") == 3);
  CHECK(bucket("0.001") == 3);
  CHECK(bucket("0.0025") == 4);
  CHECK(bucket("5.0") == 4);
  CHECK(bucket("10.0") == 5);
  CHECK(bucket("+Inf") == 6);
  CHECK(series(text, "loadgen_service_duration_seconds_count{target=\"a\"}") == 6);
  const auto sum = series(text, "loadgen_service_duration_seconds_sum{target=\"a\"}");
  REQUIRE(sum);
  CHECK(*sum > 20.002600);
  CHECK(*sum < 20.002602);
  CHECK(series(text, "loadgen_response_duration_seconds_bucket{target=\"a\",le=\"5e-05\"}") == 0);
  CHECK(series(text, "loadgen_response_duration_seconds_bucket{target=\"a\",le=\"0.0001\"}") == 1);
  CHECK(series(text, "loadgen_response_duration_seconds_count{target=\"a\"}") == 1);
  CHECK(series(text, "loadgen_dispatch_lag_seconds_bucket{le=\"0.0001\"}") == 0);
  CHECK(series(text, "loadgen_dispatch_lag_seconds_bucket{le=\"0.00025\"}") == 1);
}

TEST_CASE("Buckets never fall, and end with all there is") {
  const auto samples = parse_metrics(text_of(samples::spike()));
  std::map<std::string, double> last;
  for (const auto& each : samples) {
    if (!each.name.ends_with("_bucket")) continue;
    const auto target = each.labels.find("target");
    const auto which = each.name + (target == each.labels.end() ? "" : target->second);
    CHECK(each.value >= last[which]);
    last[which] = each.value;
  }
  CHECK(last.size() == 9);
  CHECK(last["loadgen_response_duration_seconds_bucketdashboard"] ==
        static_cast<double>(samples::spike().by_target[3].response.known().count()));
}

TEST_CASE("Gauges are the last second's") {
  auto of = samples::small();
  of.intervals.back().in_flight = 7;
  of.intervals.back().waiting = 3;
  of.intervals.back().busiest_worker_cpu = 0.25;
  const auto text = text_of(of);
  CHECK(series(text, "loadgen_in_flight_requests") == 7);
  CHECK(series(text, "loadgen_waiting_requests") == 3);
  CHECK(series(text, "loadgen_busiest_worker_cpu_ratio") == 0.25);
}

TEST_CASE("Before the first second all is zero, and nothing is no number") {
  report of;
  of.targets = {{.name = "a"}};
  of.by_target.resize(1);
  const auto text = text_of(of);
  const auto samples = parse_metrics(text);
  CHECK(samples.size() > 60);
  for (const auto& each : samples) CHECK(each.value == 0);
  CHECK(text.find("an\n") == std::string::npos);
}

TEST_CASE("A target's name cannot break out of its label") {
  auto of = samples::small();
  of.targets[0].name = "a\"} 5\nevil_total 7\n\\";
  const auto samples = parse_metrics(text_of(of));
  std::set<std::string> targets;
  for (const auto& each : samples) {
    CHECK(each.name.starts_with("loadgen_"));
    if (const auto found = each.labels.find("target"); found != each.labels.end()) targets.insert(found->second);
  }
  CHECK(targets == std::set<std::string>{of.targets[0].name});
}

}  // namespace
}  // namespace cohort
