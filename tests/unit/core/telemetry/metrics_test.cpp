#include "core/telemetry/metrics.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <sstream>
#include <thread>

#include "core/runtime/virtual_time.hpp"

namespace cohort::telemetry {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

task<> add_often(counter& to, int times) {
  for (int i = 0; i < times; ++i) to.increment();
  co_return;
}

task<> observe_often(histogram& in, double value, int times) {
  for (int i = 0; i < times; ++i) in.observe(value);
  co_return;
}

/// Runs `work` on a loop of its own, in a thread of its own.
template <class Work>
std::thread on_loop(std::size_t index, Work work) {
  return std::thread([index, work] {
    loop mine{machine_clock(), index};
    asio::co_spawn(mine.get_executor(), work(), [&mine](std::exception_ptr) { mine.stop(); });
    mine.run();
  });
}

TEST_CASE("A counter adds up what loops and other threads did to it, none of it lost") {
  constexpr int times = 20'000;
  registry all{2};
  auto& requests = all.make_counter("requests_total", "Requests.");
  std::vector<std::thread> threads;
  for (std::size_t index = 0; index < 2; ++index) {
    threads.push_back(on_loop(index, [&requests] { return add_often(requests, times); }));
  }
  // These two have no loop and share one part; the last loop is one more than was announced, and shares it too.
  threads.emplace_back([&requests] {
    for (int i = 0; i < times; ++i) requests.increment();
  });
  threads.push_back(on_loop(2, [&requests] { return add_often(requests, times); }));
  for (int i = 0; i < times; ++i) requests.increment();
  for (auto& each : threads) each.join();
  CHECK(requests.value() == 5.0 * times);
}

TEST_CASE("A histogram adds up what loops and other threads saw") {
  constexpr int times = 10'000;
  registry all{2};
  auto& durations = all.make_histogram("seconds", "Seconds.", {}, {1, 2});
  std::vector<std::thread> threads;
  threads.push_back(on_loop(0, [&durations] { return observe_often(durations, 0.5, times); }));
  threads.push_back(on_loop(1, [&durations] { return observe_often(durations, 1.5, times); }));
  threads.emplace_back([&durations] {
    for (int i = 0; i < times; ++i) durations.observe(3);
  });
  for (int i = 0; i < times; ++i) durations.observe(3);
  for (auto& each : threads) each.join();
  const auto seen = durations.snapshot();
  CHECK(seen.sample_count == 4U * times);
  CHECK(seen.sample_sum == (0.5 + 1.5 + 3 + 3) * times);
  REQUIRE(seen.bucket.size() == 3);
  CHECK(seen.bucket[0].cumulative_count == 1U * times);
  CHECK(seen.bucket[1].cumulative_count == 2U * times);
  CHECK(seen.bucket[2].cumulative_count == 4U * times);
}

TEST_CASE("A gauge goes up and down, also when one thread raises it and another lowers it") {
  registry all{2};
  auto& open = all.make_gauge("open", "Open.");
  open.add(3);
  std::thread([&open] { open.add(-2); }).join();
  CHECK(open.value() == 1);
}

TEST_CASE("A value on a bucket's bound belongs to that bucket, the next one above it to the next") {
  registry all{1};
  auto& sizes = all.make_histogram("sizes", "Sizes.", {}, {1, 2, 5});
  const double above_two = std::nextafter(2.0, 3.0);
  for (const double value : {0.0, 1.0, 2.0, above_two, 5.0, 5.1, std::numeric_limits<double>::infinity()})
    sizes.observe(value);
  const auto seen = sizes.snapshot();
  REQUIRE(seen.bucket.size() == 4);
  CHECK(seen.bucket[0].cumulative_count == 2);
  CHECK(seen.bucket[1].cumulative_count == 3);
  CHECK(seen.bucket[2].cumulative_count == 5);
  CHECK(seen.bucket[3].cumulative_count == 7);
  CHECK(std::isinf(seen.bucket[3].upper_bound));
  CHECK(seen.sample_count == 7);
}

TEST_CASE("Durations have rising bounds from 50 microseconds to 10 seconds, the classic ones among them") {
  const auto& bounds = duration_bounds();
  CHECK(bounds.front() == 0.00005);
  CHECK(bounds.back() == 10);
  CHECK(std::is_sorted(bounds.begin(), bounds.end()));
  CHECK(std::adjacent_find(bounds.begin(), bounds.end()) == bounds.end());
  for (const double classic : {.005, .01, .025, .05, .1, .25, .5, 1., 2.5, 5., 10.}) {
    CAPTURE(classic);
    CHECK(std::binary_search(bounds.begin(), bounds.end(), classic));
  }
}

TEST_CASE("The same name and labels give the same metric, other labels another") {
  registry all{1};
  auto& first = all.make_counter("c", "C.", {{"a", "1"}});
  CHECK(&all.make_counter("c", "Another help.", {{"a", "1"}}) == &first);
  CHECK(&all.make_counter("c", "C.", {{"a", "2"}}) != &first);
  const auto families = all.collect();
  REQUIRE(families.size() == 1);
  CHECK(families[0].help == "C.");
  CHECK(families[0].metric.size() == 2);
}

TEST_CASE("The text format has help, type and a line for every series, those at zero too") {
  registry all{1};
  all.make_counter("requests_total", "Requests.", {{"endpoint", "/api"}, {"status", "200"}}).increment(3);
  all.make_counter("requests_total", "Requests.", {{"endpoint", "/api"}, {"status", "500"}});
  all.make_gauge("open", "Open ones.").add(-1.5);
  auto& seconds = all.make_histogram("seconds", "Seconds.", {{"method", "GET"}}, {0.5, 1});
  seconds.observe(0.25);
  seconds.observe(2);
  all.add_collector([](std::vector<prometheus::MetricFamily>& to) {
    to.push_back(single_value("collected", "Asked for.", prometheus::MetricType::Gauge, 7));
  });

  const std::vector<std::string> expected{
      "# HELP requests_total Requests.",
      "# TYPE requests_total counter",
      R"(requests_total{endpoint="/api",status="200"} 3)",
      R"(requests_total{endpoint="/api",status="500"} 0)",
      "# HELP open Open ones.",
      "# TYPE open gauge",
      "open -1.5",
      "# HELP seconds Seconds.",
      "# TYPE seconds histogram",
      R"(seconds_count{method="GET"} 2)",
      R"(seconds_sum{method="GET"} 2.25)",
      R"(seconds_bucket{method="GET",le="0.5"} 1)",
      R"(seconds_bucket{method="GET",le="1.0"} 1)",
      R"(seconds_bucket{method="GET",le="+Inf"} 2)",
      "# HELP collected Asked for.",
      "# TYPE collected gauge",
      "collected 7",
  };
  CHECK(lines_of(all.text()) == expected);
}

TEST_CASE("A label's value cannot break out of its quotes") {
  registry all{1};
  all.make_counter("c", "C.", {{"path", "a\"} 1\nforged 2\\"}}).increment();
  const auto lines = lines_of(all.text());
  REQUIRE(lines.size() == 3);
  CHECK(lines[2] == R"(c{path="a\"} 1\nforged 2\\"} 1)");
}

}  // namespace
}  // namespace cohort::telemetry
