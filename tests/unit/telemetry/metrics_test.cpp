// SPDX-License-Identifier: BSL-1.0
#include <cohort/telemetry/metrics.hpp>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <sstream>
#include <thread>

#include <cohort/runtime/time/virtual_time.hpp>

namespace cohort::telemetry {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream input{text};
  for (std::string line; std::getline(input, line);) lines.push_back(line);
  return lines;
}

task<> increment_repeatedly(counter& target, int times) {
  for (int i = 0; i < times; ++i) target.increment();
  co_return;
}

task<> observe_repeatedly(histogram& target, double value, int times) {
  for (int i = 0; i < times; ++i) target.observe(value);
  co_return;
}

/// Runs `work` on a new loop in a new thread.
template <class Work>
std::thread start_loop_thread(std::size_t index, Work work) {
  return std::thread([index, work] {
    loop thread_loop{real_clock(), index};
    asio::co_spawn(thread_loop.get_executor(), work(), [&thread_loop](std::exception_ptr) { thread_loop.stop(); });
    thread_loop.run();
  });
}

TEST_CASE("metrics: a counter sums the increments of loops and other threads", "[telemetry][metrics][threads]") {
  constexpr int times = 20'000;
  registry metrics{2};
  auto& requests = metrics.make_counter("requests_total", "Requests.");
  std::vector<std::thread> threads;
  for (std::size_t index = 0; index < 2; ++index) {
    threads.push_back(start_loop_thread(index, [&requests] { return increment_repeatedly(requests, times); }));
  }
  // The threads without a loop share shard 0, as does a loop whose index exceeds the number of loops.
  threads.emplace_back([&requests] {
    for (int i = 0; i < times; ++i) requests.increment();
  });
  threads.push_back(start_loop_thread(2, [&requests] { return increment_repeatedly(requests, times); }));
  for (int i = 0; i < times; ++i) requests.increment();
  for (auto& thread : threads) thread.join();
  CHECK(requests.value() == 5.0 * times);
}

TEST_CASE("metrics: a histogram sums the observations of loops and other threads", "[telemetry][metrics][threads]") {
  constexpr int times = 10'000;
  registry metrics{2};
  auto& durations = metrics.make_histogram("seconds", "Seconds.", {}, {1, 2});
  std::vector<std::thread> threads;
  threads.push_back(start_loop_thread(0, [&durations] { return observe_repeatedly(durations, 0.5, times); }));
  threads.push_back(start_loop_thread(1, [&durations] { return observe_repeatedly(durations, 1.5, times); }));
  threads.emplace_back([&durations] {
    for (int i = 0; i < times; ++i) durations.observe(3);
  });
  for (int i = 0; i < times; ++i) durations.observe(3);
  for (auto& thread : threads) thread.join();
  const auto snapshot = durations.snapshot();
  CHECK(snapshot.sample_count == 4U * times);
  CHECK(snapshot.sample_sum == (0.5 + 1.5 + 3 + 3) * times);
  REQUIRE(snapshot.bucket.size() == 3);
  CHECK(snapshot.bucket[0].cumulative_count == 1U * times);
  CHECK(snapshot.bucket[1].cumulative_count == 2U * times);
  CHECK(snapshot.bucket[2].cumulative_count == 4U * times);
}

TEST_CASE("metrics: a gauge can be increased and decreased by different threads", "[telemetry][metrics][threads]") {
  registry metrics{2};
  auto& open = metrics.make_gauge("open", "Open.");
  open.add(3);
  std::thread([&open] { open.add(-2); }).join();
  CHECK(open.value() == 1);
}

TEST_CASE("metrics: a value equal to a bucket's bound is counted in that bucket", "[telemetry][metrics]") {
  registry metrics{1};
  auto& sizes = metrics.make_histogram("sizes", "Sizes.", {}, {1, 2, 5});
  const double above_two = std::nextafter(2.0, 3.0);
  for (const double value : {0.0, 1.0, 2.0, above_two, 5.0, 5.1, std::numeric_limits<double>::infinity()})
    sizes.observe(value);
  const auto snapshot = sizes.snapshot();
  REQUIRE(snapshot.bucket.size() == 4);
  CHECK(snapshot.bucket[0].cumulative_count == 2);
  CHECK(snapshot.bucket[1].cumulative_count == 3);
  CHECK(snapshot.bucket[2].cumulative_count == 5);
  CHECK(snapshot.bucket[3].cumulative_count == 7);
  CHECK(std::isinf(snapshot.bucket[3].upper_bound));
  CHECK(snapshot.sample_count == 7);
}

TEST_CASE("metrics: duration bounds are ascending from 50 µs to 10 s and include the default bounds",
          "[telemetry][metrics]") {
  const auto& bounds = duration_bounds();
  CHECK(bounds.front() == 0.00005);
  CHECK(bounds.back() == 10);
  CHECK(std::is_sorted(bounds.begin(), bounds.end()));
  CHECK(std::adjacent_find(bounds.begin(), bounds.end()) == bounds.end());
  for (const double bound : {.005, .01, .025, .05, .1, .25, .5, 1., 2.5, 5., 10.}) {
    CAPTURE(bound);
    CHECK(std::binary_search(bounds.begin(), bounds.end(), bound));
  }
}

TEST_CASE("metrics: the same name and labels return the same metric", "[telemetry][metrics]") {
  registry metrics{1};
  auto& first = metrics.make_counter("c", "C.", {{"a", "1"}});
  CHECK(&metrics.make_counter("c", "Another help.", {{"a", "1"}}) == &first);
  CHECK(&metrics.make_counter("c", "C.", {{"a", "2"}}) != &first);
  const auto families = metrics.collect();
  REQUIRE(families.size() == 1);
  CHECK(families[0].help == "C.");
  CHECK(families[0].metric.size() == 2);
}

TEST_CASE("metrics: an invalid name or a name with two types is an error, and nothing is registered",
          "[telemetry][metrics][case-6.14]") {
  registry metrics{1};
  for (const auto* name : {"", "my total", "my_total\n", "1st_total", "my-total", "m\xC3\xA4_total", "a{b=\"c\"}"}) {
    CAPTURE(name);
    CHECK_THROWS_AS(metrics.make_counter(name, "Help."), std::invalid_argument);
  }
  for (const auto* label : {"", "a b", "a\"", "1", "a:b", "a-b"}) {
    CAPTURE(label);
    CHECK_THROWS_AS(metrics.make_gauge("name", "Help.", {{label, "value"}}), std::invalid_argument);
  }
  CHECK(metrics.prometheus_text().empty());
  metrics.make_counter("ns:sample_total", "Help.", {{"_Label1", "any \n\"value\""}});
  CHECK_THROWS_AS(metrics.make_gauge("ns:sample_total", "Help."), std::logic_error);
  CHECK_THROWS_AS(metrics.make_histogram("ns:sample_total", "Help."), std::logic_error);
  metrics.make_histogram("sample_seconds", "Help.");
  CHECK_THROWS_AS(metrics.make_counter("sample_seconds", "Help."), std::logic_error);
}

TEST_CASE("metrics: the text format has help, type and a line for every series", "[telemetry][metrics]") {
  registry metrics{1};
  metrics.make_counter("requests_total", "Requests.", {{"endpoint", "/api"}, {"status", "200"}}).increment(3);
  metrics.make_counter("requests_total", "Requests.", {{"endpoint", "/api"}, {"status", "500"}});
  metrics.make_gauge("open", "Open connections.").add(-1.5);
  auto& seconds = metrics.make_histogram("seconds", "Seconds.", {{"method", "GET"}}, {0.5, 1});
  seconds.observe(0.25);
  seconds.observe(2);
  metrics.add_collector([](std::vector<prometheus::MetricFamily>& families) {
    families.push_back(single_value_family("collected", "Collected value.", prometheus::MetricType::Gauge, 7));
  });

  const std::vector<std::string> expected{
      "# HELP requests_total Requests.",
      "# TYPE requests_total counter",
      R"(requests_total{endpoint="/api",status="200"} 3)",
      R"(requests_total{endpoint="/api",status="500"} 0)",
      "# HELP open Open connections.",
      "# TYPE open gauge",
      "open -1.5",
      "# HELP seconds Seconds.",
      "# TYPE seconds histogram",
      R"(seconds_count{method="GET"} 2)",
      R"(seconds_sum{method="GET"} 2.25)",
      R"(seconds_bucket{method="GET",le="0.5"} 1)",
      R"(seconds_bucket{method="GET",le="1.0"} 1)",
      R"(seconds_bucket{method="GET",le="+Inf"} 2)",
      "# HELP collected Collected value.",
      "# TYPE collected gauge",
      "collected 7",
  };
  CHECK(lines_of(metrics.prometheus_text()) == expected);
}

TEST_CASE("metrics: label values are escaped", "[telemetry][metrics]") {
  registry metrics{1};
  metrics.make_counter("c", "C.", {{"path", "a\"} 1\nforged 2\\"}}).increment();
  const auto lines = lines_of(metrics.prometheus_text());
  REQUIRE(lines.size() == 3);
  CHECK(lines[2] == R"(c{path="a\"} 1\nforged 2\\"} 1)");
}

}  // namespace
}  // namespace cohort::telemetry
