#include "core/runtime/with_deadline.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <string>

#include "tests/unit/core/runtime/tasks.hpp"

namespace cohort {
namespace {

using namespace cohort::test;
using Catch::Matchers::Message;

constexpr auto timed_out = asio::error::timed_out;

TEST_CASE("Work that ends in time gives its value, and leaves no timer behind") {
  virtual_time time;
  const auto answer = time.run(with_deadline(deadline{time.now() + 100ms}, value_after(10ms, 7)));
  REQUIRE(answer.has_value());
  CHECK(*answer == 7);
  CHECK(time.main_loop().timers().armed_count() == 0);
}

TEST_CASE("Work that never waits gives its value, even at a deadline that has passed") {
  virtual_time time;
  const auto answer = time.run(with_deadline(deadline{time.now() - 1s}, value_now(7)));
  REQUIRE(answer.has_value());
  CHECK(*answer == 7);
}

TEST_CASE("Work that is late is cancelled and answered for with timed_out, within the tick") {
  virtual_time time;
  journal notes;
  const auto start = time.now();
  const auto answer = time.run(with_deadline(deadline{start + 100ms}, sleeper(1h, notes, "work")));

  REQUIRE(answer.has_error());
  CHECK(answer.error() == timed_out);
  CHECK(notes == journal{"work cancelled"});
  CHECK(time.now() - start >= 100ms);
  CHECK(time.now() - start <= 100ms + tick);
}

TEST_CASE("Work that waits under a deadline that has passed is cancelled at once") {
  virtual_time time;
  const auto start = time.now();
  const auto answer = time.run(with_deadline(deadline{start - 1s}, value_after(1h, 7)));
  REQUIRE(answer.has_error());
  CHECK(answer.error() == timed_out);
  CHECK(time.now() - start <= tick);
}

TEST_CASE("Late work that ignores its cancellation is waited for, and its value is not used") {
  virtual_time time;
  journal notes;
  const auto start = time.now();
  const auto answer = time.run(with_deadline(deadline{start + 10ms}, stubborn(50ms, 7, notes)));

  CHECK(answer.error() == timed_out);
  CHECK(notes == journal{"stubborn ended"});
  CHECK(time.now() - start >= 50ms);
}

TEST_CASE("Without a limit the work takes what it takes") {
  virtual_time time;
  const auto answer = time.run(with_deadline(deadline::never(), value_after(1h, 7)));
  REQUIRE(answer.has_value());
  CHECK(*answer == 7);
}

TEST_CASE("What the work throws goes on") {
  virtual_time time;
  auto work = with_deadline(deadline{time.now() + 100ms}, fail_after(10ms, "broken"));
  CHECK_THROWS_MATCHES(time.run(std::move(work)), std::runtime_error, Message("broken"));
  CHECK(time.main_loop().timers().armed_count() == 0);
}

task<int> fail_when_cancelled() {
  co_await sleep_for(1h);
  throw std::runtime_error("a bug in the clean-up");
}

TEST_CASE("A bug in late work is not hidden behind its lateness") {
  virtual_time time;
  auto work = with_deadline(deadline{time.now() + 10ms}, fail_when_cancelled());
  CHECK_THROWS_MATCHES(time.run(std::move(work)), std::runtime_error, Message("a bug in the clean-up"));
}

task<int> sleep_often() {
  for (;;) co_await sleep_for(1ms);
}

TEST_CASE("A task that never looks at how its waits ended is ended by the next one") {
  virtual_time time;
  const auto start = time.now();
  const auto answer = time.run(with_deadline(deadline{start + 100ms}, sleep_often()));
  CHECK(answer.error() == timed_out);
  CHECK(time.now() - start <= 100ms + 2 * tick);
}

task<std::string> nested(deadline outer, deadline inner) {
  auto work = with_deadline(inner, value_after(1h, 1));
  auto guarded = with_deadline(outer, std::move(work));
  const auto answer = co_await std::move(guarded);
  if (!answer) co_return "outer " + answer.error().message();
  co_return answer->has_value() ? "value" : "inner " + answer->error().message();
}

TEST_CASE("Of nested deadlines the earlier one decides") {
  virtual_time time;
  const std::string message = error_code{timed_out}.message();
  CHECK(time.run(nested(deadline{time.now() + 1s}, deadline{time.now() + 10ms})) == "inner " + message);
  CHECK(time.run(nested(deadline{time.now() + 10ms}, deadline{time.now() + 1s})) == "outer " + message);
  CHECK(time.main_loop().timers().armed_count() == 0);
}

TEST_CASE("Cancelling the one that awaits cancels the work, which is not called late for that") {
  virtual_time time;
  journal notes;
  lone_task parent(time, with_deadline(deadline{time.now() + 1h}, sleep_often()));
  time.run_for(5ms);
  parent.cancel();

  CHECK(parent.ended_by_cancellation());
  CHECK(time.main_loop().timers().armed_count() == 0);
}

task<> several_in_turn(journal& notes) {
  for (int i = 0; i < 3; ++i) {
    const deadline until = deadline::after(loop::current().now(), 10ms);
    auto work = with_deadline(until, value_after(i % 2 == 0 ? duration{1h} : duration{1ms}, i));
    const auto answer = co_await std::move(work);
    notes.push_back(answer ? std::to_string(*answer) : "late");
  }
}

TEST_CASE("Whoever hears that something was late can go on and wait for something else") {
  virtual_time time;
  journal notes;
  time.run(several_in_turn(notes));
  CHECK(notes == journal{"late", "1", "late"});
}

TEST_CASE("Work without a value has a result all the same") {
  virtual_time time;
  journal notes;
  CHECK(time.run(with_deadline(deadline{time.now() + 1s}, note_after(1ms, notes, "ran"))).has_value());
  CHECK(time.run(with_deadline(deadline{time.now() + 1s}, note_after(2s, notes, "ran"))).error() == timed_out);
}

}  // namespace
}  // namespace cohort
