#include <algorithm>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <catch2/catch_test_macros.hpp>
#include <limits>
#include <thread>

#include "core/runtime/virtual_time.hpp"
#include "core/telemetry/metrics.hpp"

// Which observations become their buckets' exemplars.
namespace cohort::telemetry {
namespace {

using namespace std::chrono_literals;

trace_context trace_number(std::uint64_t number) { return {.id = {1, number}, .sampled = true}; }

task<> observe_here(histogram& in, double value, trace_context of) {
  in.observe(value, of, loop::current().now());
  co_return;
}

struct observed {
  virtual_time time;
  registry all{1};
  histogram& seconds = all.make_histogram("seconds", "Seconds.", {}, {1, 2});

  void observe(double value, const trace_context& of) { time.run(observe_here(seconds, value, of)); }
  /// Its trace's number; zero if the bucket has none.
  std::uint64_t at(std::size_t bucket) const {
    const auto found = seconds.exemplars().at(bucket);
    return found ? found->trace.low : 0;
  }
};

TEST_CASE("Each bucket has its own exemplar, of a value that it counts") {
  observed in;
  CHECK(in.seconds.exemplars().size() == 3);
  for (const std::size_t bucket : {0U, 1U, 2U}) CHECK(in.at(bucket) == 0);
  in.time.run_for(5s);
  in.observe(0.5, trace_number(1));
  in.observe(2, trace_number(2));
  in.observe(100, trace_number(3));
  CHECK(in.at(0) == 1);
  CHECK(in.at(1) == 2);
  CHECK(in.at(2) == 3);
  const auto found = in.seconds.exemplars();
  CHECK(found[0]->value == 0.5);
  CHECK(found[1]->value == 2);
  CHECK(found[2]->value == 100);
  CHECK(found[0]->at == in.time.main_loop().wall_now());
  CHECK(in.seconds.snapshot().sample_count == 3);
  CHECK(in.seconds.snapshot().sample_sum == 102.5);
}

TEST_CASE("An exemplar stays for a second; then the next one takes its place") {
  observed in;
  in.observe(0.5, trace_number(1));
  in.time.run_for(999ms);
  in.observe(0.5, trace_number(2));
  CHECK(in.at(0) == 1);
  in.time.run_for(1ms);
  in.observe(0.5, trace_number(3));
  CHECK(in.at(0) == 3);
  in.time.run_for(999ms);
  in.observe(0.5, trace_number(4));
  CHECK(in.at(0) == 3);
  CHECK(in.seconds.snapshot().sample_count == 4);
}

TEST_CASE("What nobody keeps a record of is counted, but is no exemplar and does not keep one out") {
  observed in;
  auto unsampled = trace_number(1);
  unsampled.sampled = false;
  in.observe(0.5, unsampled);
  in.observe(0.5, {});
  CHECK(in.at(0) == 0);
  in.observe(0.5, trace_number(2));
  CHECK(in.at(0) == 2);
  CHECK(in.seconds.snapshot().sample_count == 3);
}

TEST_CASE("A thread without a loop counts, and leaves no exemplar") {
  observed in;
  in.seconds.observe(0.5, trace_number(1), time_point{});
  CHECK(in.at(0) == 0);
  CHECK(in.seconds.snapshot().sample_count == 1);
}

TEST_CASE("Exemplars are those of the members that they are printed with") {
  registry all{1};
  virtual_time time;
  time.run(observe_here(all.make_histogram("seconds", "Seconds.", {{"a", "2"}}, {1}), 0.5, trace_number(2)));
  time.run(observe_here(all.make_histogram("seconds", "Seconds.", {{"a", "1"}}, {1}), 0.5, trace_number(1)));
  exemplar_table found;
  const auto families = all.collect(&found);
  REQUIRE(families.size() == 1);
  REQUIRE(found.size() == 1);
  const auto& members = found.at("seconds");
  REQUIRE(members.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    REQUIRE(members[i][0].has_value());
    CHECK(families[0].metric[i].label[0].value == std::to_string(members[i][0]->trace.low));
  }
}

task<> observe_often(histogram& in, std::uint64_t number, const std::atomic<bool>& enough) {
  // A second apart, so that each is a new exemplar.
  for (auto now = loop::current().now(); !enough; now += 1s) {
    trace_context of{.id = {number, number}, .sampled = true};
    in.observe(static_cast<double>(number), of, now);
  }
  co_return;
}

TEST_CASE("A scrape beside busy loops sees each exemplar whole") {
  registry all{2};
  auto& values = all.make_histogram("values", "Values.", {}, {10});
  std::atomic<bool> enough{false};
  std::vector<std::thread> threads;
  for (std::size_t index = 0; index < 2; ++index) {
    threads.emplace_back([index, &values, &enough] {
      loop mine{machine_clock(), index};
      asio::co_spawn(mine.get_executor(), observe_often(values, index + 1, enough),
                     [&mine](std::exception_ptr) { mine.stop(); });
      mine.run();
    });
  }
  std::size_t seen = 0;
  std::size_t torn = 0;
  while (seen < 2000) {
    const auto found = values.exemplars()[0];
    if (!found) continue;
    ++seen;
    torn += found->trace.high != found->trace.low || found->value != static_cast<double>(found->trace.low);
  }
  enough = true;
  for (auto& each : threads) each.join();
  CHECK(torn == 0);
}

}  // namespace
}  // namespace cohort::telemetry
