// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/concurrency/with_deadline.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <string>

#include "tests/unit/runtime/task_fixtures.hpp"

namespace cohort {
namespace {

using namespace cohort::test;
using Catch::Matchers::Message;

constexpr auto timed_out = asio::error::timed_out;

TEST_CASE("with_deadline: returns the value of a task that ends in time and disarms its timer",
          "[runtime][concurrency]") {
  virtual_time time;
  const auto outcome = time.run(with_deadline(deadline{time.now() + 100ms}, return_after(10ms, 7)));
  REQUIRE(outcome.has_value());
  CHECK(*outcome == 7);
  CHECK(time.event_loop().timers().armed_count() == 0);
}

TEST_CASE("with_deadline: returns the value of a task that never suspends, even after the deadline",
          "[runtime][concurrency]") {
  virtual_time time;
  const auto outcome = time.run(with_deadline(deadline{time.now() - 1s}, return_now(7)));
  REQUIRE(outcome.has_value());
  CHECK(*outcome == 7);
}

TEST_CASE("with_deadline: cancels a task at its deadline and returns timed_out within one tick",
          "[runtime][concurrency]") {
  virtual_time time;
  log_lines log;
  const auto start = time.now();
  const auto outcome = time.run(with_deadline(deadline{start + 100ms}, log_sleep(1h, log, "work")));

  REQUIRE(outcome.has_error());
  CHECK(outcome.error() == timed_out);
  CHECK(log == log_lines{"work cancelled"});
  CHECK(time.now() - start >= 100ms);
  CHECK(time.now() - start <= 100ms + tick);
}

TEST_CASE("with_deadline: cancels a task that suspends after an expired deadline immediately",
          "[runtime][concurrency]") {
  virtual_time time;
  const auto start = time.now();
  const auto outcome = time.run(with_deadline(deadline{start - 1s}, return_after(1h, 7)));
  REQUIRE(outcome.has_error());
  CHECK(outcome.error() == timed_out);
  CHECK(time.now() - start <= tick);
}

TEST_CASE("with_deadline: waits for a timed-out task that ignores cancellation, and discards its value",
          "[runtime][concurrency]") {
  virtual_time time;
  log_lines log;
  const auto start = time.now();
  const auto outcome = time.run(with_deadline(deadline{start + 10ms}, ignore_cancellation(50ms, 7, log)));

  CHECK(outcome.error() == timed_out);
  CHECK(log == log_lines{"ended despite cancellation"});
  CHECK(time.now() - start >= 50ms);
}

TEST_CASE("with_deadline: never cancels a task without a deadline", "[runtime][concurrency]") {
  virtual_time time;
  const auto outcome = time.run(with_deadline(deadline::never(), return_after(1h, 7)));
  REQUIRE(outcome.has_value());
  CHECK(*outcome == 7);
}

TEST_CASE("with_deadline: rethrows an exception of the task", "[runtime][concurrency]") {
  virtual_time time;
  auto work = with_deadline(deadline{time.now() + 100ms}, throw_after(10ms, "broken"));
  CHECK_THROWS_MATCHES(time.run(std::move(work)), std::runtime_error, Message("broken"));
  CHECK(time.event_loop().timers().armed_count() == 0);
}

task<int> throw_when_cancelled() {
  co_await sleep_for(1h);
  throw std::runtime_error("error during cancellation");
}

TEST_CASE("with_deadline: rethrows an exception of a timed-out task instead of returning timed_out",
          "[runtime][concurrency]") {
  virtual_time time;
  auto work = with_deadline(deadline{time.now() + 10ms}, throw_when_cancelled());
  CHECK_THROWS_MATCHES(time.run(std::move(work)), std::runtime_error, Message("error during cancellation"));
}

task<int> sleep_repeatedly() {
  for (;;) co_await sleep_for(1ms);
}

TEST_CASE("with_deadline: a timed-out task that ignores wait_status ends at its next co_await",
          "[runtime][concurrency]") {
  virtual_time time;
  const auto start = time.now();
  const auto outcome = time.run(with_deadline(deadline{start + 100ms}, sleep_repeatedly()));
  CHECK(outcome.error() == timed_out);
  CHECK(time.now() - start <= 100ms + 2 * tick);
}

task<std::string> nested(deadline outer, deadline inner) {
  auto work = with_deadline(inner, return_after(1h, 1));
  auto guarded_task = with_deadline(outer, std::move(work));
  const auto outcome = co_await std::move(guarded_task);
  if (!outcome) co_return "outer " + outcome.error().message();
  co_return outcome->has_value() ? "value" : "inner " + outcome->error().message();
}

TEST_CASE("with_deadline: the earlier of two nested deadlines applies", "[runtime][concurrency]") {
  virtual_time time;
  const std::string message = error_code{timed_out}.message();
  CHECK(time.run(nested(deadline{time.now() + 1s}, deadline{time.now() + 10ms})) == "inner " + message);
  CHECK(time.run(nested(deadline{time.now() + 10ms}, deadline{time.now() + 1s})) == "outer " + message);
  CHECK(time.event_loop().timers().armed_count() == 0);
}

TEST_CASE("with_deadline: cancelling the caller cancels the task without timed_out", "[runtime][concurrency]") {
  virtual_time time;
  log_lines log;
  spawned_task parent(time, with_deadline(deadline{time.now() + 1h}, sleep_repeatedly()));
  time.run_for(5ms);
  parent.cancel();

  CHECK(parent.ended_by_cancellation());
  CHECK(time.event_loop().timers().armed_count() == 0);
}

task<> run_three_in_sequence(log_lines& log) {
  for (int i = 0; i < 3; ++i) {
    const deadline task_deadline = deadline::after(loop::current().now(), 10ms);
    auto work = with_deadline(task_deadline, return_after(i % 2 == 0 ? duration{1h} : duration{1ms}, i));
    const auto outcome = co_await std::move(work);
    log.push_back(outcome ? std::to_string(*outcome) : "timed out");
  }
}

TEST_CASE("with_deadline: the caller can continue after timed_out", "[runtime][concurrency]") {
  virtual_time time;
  log_lines log;
  time.run(run_three_in_sequence(log));
  CHECK(log == log_lines{"timed out", "1", "timed out"});
}

TEST_CASE("with_deadline: returns a result for a void task", "[runtime][concurrency]") {
  virtual_time time;
  log_lines log;
  CHECK(time.run(with_deadline(deadline{time.now() + 1s}, log_after(1ms, log, "ran"))).has_value());
  CHECK(time.run(with_deadline(deadline{time.now() + 1s}, log_after(2s, log, "ran"))).error() == timed_out);
}

}  // namespace
}  // namespace cohort
