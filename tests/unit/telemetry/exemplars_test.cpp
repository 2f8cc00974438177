// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <catch2/catch_test_macros.hpp>
#include <limits>
#include <thread>

#include <cohort/runtime/time/virtual_time.hpp>
#include <cohort/telemetry/metrics.hpp>

namespace cohort::telemetry {
namespace {

using namespace std::chrono_literals;

trace_context make_trace(std::uint64_t number) { return {.id = {1, number}, .is_sampled = true}; }

task<> observe_on_loop(histogram& target, double value, trace_context trace) {
  target.observe(value, trace, loop::current().now());
  co_return;
}

struct exemplar_fixture {
  virtual_time time;
  registry metrics{1};
  histogram& seconds = metrics.make_histogram("seconds", "Seconds.", {}, {1, 2});

  void observe(double value, const trace_context& trace) { time.run(observe_on_loop(seconds, value, trace)); }
  /// Returns the trace number of the bucket's exemplar, or zero if there is none.
  std::uint64_t exemplar_trace(std::size_t bucket) const {
    const auto found = seconds.exemplars().at(bucket);
    return found ? found->trace.low : 0;
  }
};

TEST_CASE("exemplars: each bucket has its own exemplar", "[telemetry][metrics]") {
  exemplar_fixture fixture;
  CHECK(fixture.seconds.exemplars().size() == 3);
  for (const std::size_t bucket : {0U, 1U, 2U}) CHECK(fixture.exemplar_trace(bucket) == 0);
  fixture.time.run_for(5s);
  fixture.observe(0.5, make_trace(1));
  fixture.observe(2, make_trace(2));
  fixture.observe(100, make_trace(3));
  CHECK(fixture.exemplar_trace(0) == 1);
  CHECK(fixture.exemplar_trace(1) == 2);
  CHECK(fixture.exemplar_trace(2) == 3);
  const auto found = fixture.seconds.exemplars();
  CHECK(found[0]->value == 0.5);
  CHECK(found[1]->value == 2);
  CHECK(found[2]->value == 100);
  CHECK(found[0]->timestamp == fixture.time.event_loop().wall_now());
  CHECK(fixture.seconds.snapshot().sample_count == 3);
  CHECK(fixture.seconds.snapshot().sample_sum == 102.5);
}

TEST_CASE("exemplars: an exemplar is kept for one second, then replaced", "[telemetry][metrics]") {
  exemplar_fixture fixture;
  fixture.observe(0.5, make_trace(1));
  fixture.time.run_for(999ms);
  fixture.observe(0.5, make_trace(2));
  CHECK(fixture.exemplar_trace(0) == 1);
  fixture.time.run_for(1ms);
  fixture.observe(0.5, make_trace(3));
  CHECK(fixture.exemplar_trace(0) == 3);
  fixture.time.run_for(999ms);
  fixture.observe(0.5, make_trace(4));
  CHECK(fixture.exemplar_trace(0) == 3);
  CHECK(fixture.seconds.snapshot().sample_count == 4);
}

TEST_CASE("exemplars: an unsampled observation is counted but does not become an exemplar", "[telemetry][metrics]") {
  exemplar_fixture fixture;
  auto unsampled_trace = make_trace(1);
  unsampled_trace.is_sampled = false;
  fixture.observe(0.5, unsampled_trace);
  fixture.observe(0.5, {});
  CHECK(fixture.exemplar_trace(0) == 0);
  fixture.observe(0.5, make_trace(2));
  CHECK(fixture.exemplar_trace(0) == 2);
  CHECK(fixture.seconds.snapshot().sample_count == 3);
}

TEST_CASE("exemplars: an observation on a thread without a loop has no exemplar", "[telemetry][metrics]") {
  exemplar_fixture fixture;
  fixture.seconds.observe(0.5, make_trace(1), time_point{});
  CHECK(fixture.exemplar_trace(0) == 0);
  CHECK(fixture.seconds.snapshot().sample_count == 1);
}

TEST_CASE("exemplars: collected exemplars are in the order of their metrics", "[telemetry][metrics]") {
  registry metrics{1};
  virtual_time time;
  time.run(observe_on_loop(metrics.make_histogram("seconds", "Seconds.", {{"a", "2"}}, {1}), 0.5, make_trace(2)));
  time.run(observe_on_loop(metrics.make_histogram("seconds", "Seconds.", {{"a", "1"}}, {1}), 0.5, make_trace(1)));
  exemplar_table found;
  const auto families = metrics.collect(&found);
  REQUIRE(families.size() == 1);
  REQUIRE(found.size() == 1);
  const auto& family_exemplars = found.at("seconds");
  REQUIRE(family_exemplars.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    REQUIRE(family_exemplars[i][0].has_value());
    CHECK(families[0].metric[i].label[0].value == std::to_string(family_exemplars[i][0]->trace.low));
  }
}

task<> observe_until(const std::atomic<bool>& is_stopping, histogram& target, std::uint64_t number) {
  // The observations are one second apart, so that each observation becomes the exemplar.
  for (auto now = loop::current().now(); !is_stopping; now += 1s) {
    trace_context trace{.id = {number, number}, .is_sampled = true};
    target.observe(static_cast<double>(number), trace, now);
  }
  co_return;
}

TEST_CASE("exemplars: a concurrent scrape never reads a partially written exemplar", "[telemetry][metrics][threads]") {
  registry metrics{2};
  auto& values = metrics.make_histogram("values", "Values.", {}, {10});
  std::atomic<bool> is_stopping{false};
  std::vector<std::thread> threads;
  for (std::size_t index = 0; index < 2; ++index) {
    threads.emplace_back([index, &values, &is_stopping] {
      loop thread_loop{real_clock(), index};
      asio::co_spawn(thread_loop.get_executor(), observe_until(is_stopping, values, index + 1),
                     [&thread_loop](std::exception_ptr) { thread_loop.stop(); });
      thread_loop.run();
    });
  }
  std::size_t read = 0;
  std::size_t torn_read_count = 0;
  while (read < 2000) {
    const auto found = values.exemplars()[0];
    if (!found) continue;
    ++read;
    torn_read_count += found->trace.high != found->trace.low || found->value != static_cast<double>(found->trace.low);
  }
  is_stopping = true;
  for (auto& thread : threads) thread.join();
  CHECK(torn_read_count == 0);
}

}  // namespace
}  // namespace cohort::telemetry
