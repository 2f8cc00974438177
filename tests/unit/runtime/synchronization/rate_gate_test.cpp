// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/synchronization/rate_gate.hpp>

#include <catch2/catch_test_macros.hpp>
#include <stdexcept>
#include <vector>

#include <cohort/runtime/concurrency/when_all.hpp>
#include "tests/unit/runtime/task_fixtures.hpp"

namespace cohort::test {
namespace {

struct gate_pass {
  int id;
  duration after;
};

struct rate_gate_fixture {
  /// Passes after `start`, and records when.
  task<> pass(int id, duration start, duration timeout = 1h) {
    if (start > 0s) co_await sleep_for(start);
    const auto outcome = co_await gate.pass(deadline::after(loop::current().now(), timeout));
    if (outcome) {
      passes.push_back({id, loop::current().now() - begin});
    } else {
      CHECK(outcome.error() == asio::error::timed_out);
      timed_out.push_back({id, loop::current().now() - begin});
    }
  }

  virtual_time time;
  time_point begin = time.now();
  rate_gate gate{2, 1s};
  std::vector<gate_pass> passes;
  std::vector<gate_pass> timed_out;
};

TEST_CASE("rate_gate: at most the limit passes within an interval, in the order of arrival", "[runtime][sync]") {
  rate_gate_fixture fixture;
  std::vector<task<>> callers;
  callers.reserve(7);
  for (int id = 0; id < 7; ++id) callers.push_back(fixture.pass(id, id * 100ms));
  fixture.time.run(when_all(std::move(callers)));
  REQUIRE(fixture.passes.size() == 7);
  for (int id = 0; id < 7; ++id) {
    CHECK(fixture.passes[static_cast<std::size_t>(id)].id == id);
    const auto expected = id / 2 * 1s + id % 2 * 100ms;
    CHECK(fixture.passes[static_cast<std::size_t>(id)].after >= expected);
    CHECK(fixture.passes[static_cast<std::size_t>(id)].after < expected + 4 * tick);
  }
  for (std::size_t i = 2; i < 7; ++i) CHECK(fixture.passes[i].after - fixture.passes[i - 2].after >= 1s);
}

TEST_CASE("rate_gate: a wait times out at its deadline and takes no turn from those behind it", "[runtime][sync]") {
  rate_gate_fixture fixture;
  fixture.time.run(when_all(fixture.pass(0, 0ms), fixture.pass(1, 0ms), fixture.pass(2, 10ms, 500ms),
                            fixture.pass(3, 20ms), fixture.pass(4, 30ms, 100ms)));
  REQUIRE(fixture.timed_out.size() == 2);
  CHECK(fixture.timed_out[0].id == 4);
  CHECK(fixture.timed_out[1].id == 2);
  CHECK(fixture.timed_out[1].after < 520ms);
  REQUIRE(fixture.passes.size() == 3);
  CHECK(fixture.passes[2].id == 3);
  CHECK(fixture.passes[2].after < 1010ms);
}

TEST_CASE("rate_gate: a cancelled wait takes no turn from those behind it", "[runtime][sync]") {
  rate_gate_fixture fixture;
  fixture.time.run(when_all(fixture.pass(0, 0ms), fixture.pass(1, 0ms)));
  {
    spawned_task<result<void>> cancelled{fixture.time, fixture.gate.pass(deadline::never())};
    spawned_task<> next{fixture.time, fixture.pass(3, 0ms)};
    cancelled.cancel();
    CHECK(cancelled.ended());
    fixture.time.run_for(999ms);
    CHECK_FALSE(next.ended());
    fixture.time.run_for(2ms);
    CHECK(next.ended());
  }
  CHECK(fixture.passes.back().id == 3);
}

task<> try_both(rate_gate& gate) {
  CHECK(gate.try_pass());
  CHECK(gate.try_pass());
  CHECK_FALSE(gate.try_pass());
  co_await sleep_for(1s);
  const auto expired = deadline::after(loop::current().now(), -1s);
  CHECK((co_await gate.pass(expired)).has_value());
  CHECK(gate.try_pass());
  CHECK_FALSE(gate.try_pass());
}

TEST_CASE("rate_gate: passes without a wait while the limit is not reached", "[runtime][sync]") {
  rate_gate_fixture fixture;
  fixture.time.run(try_both(fixture.gate));
}

TEST_CASE("rate_gate: a limit or an interval that is not positive is rejected", "[runtime][sync]") {
  CHECK_THROWS_AS((rate_gate{0, 1s}), std::invalid_argument);
  CHECK_THROWS_AS((rate_gate{1, 0s}), std::invalid_argument);
}

}  // namespace
}  // namespace cohort::test
