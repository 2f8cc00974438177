#include "core/runtime/when_all.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <memory>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "tests/unit/core/runtime/tasks.hpp"

namespace cohort {
namespace {

using namespace cohort::test;
using Catch::Matchers::Message;

TEST_CASE("All run at once, and their values come in order, not in order of ending") {
  virtual_time time;
  const auto start = time.now();
  const auto values = time.run(when_all(value_after(30ms, 1), value_after(10ms, 2), value_after(20ms, 3)));

  CHECK(values == std::tuple{1, 2, 3});
  CHECK(time.now() - start <= 30ms + tick);
  CHECK(time.main_loop().timers().armed_count() == 0);
}

task<std::string> text_after(duration span, std::string text) {
  co_await sleep_for(span);
  co_return text;
}

task<std::unique_ptr<int>> owned_after(duration span, int value) {
  co_await sleep_for(span);
  co_return std::make_unique<int>(value);
}

TEST_CASE("Values of any kind come through, with a monostate for none") {
  virtual_time time;
  journal notes;
  auto all = time.run(when_all(text_after(1ms, "text"), note_after(2ms, notes, "ran"), owned_after(3ms, 7)));

  CHECK(std::get<0>(all) == "text");
  STATIC_CHECK(std::is_same_v<std::tuple_element_t<1, decltype(all)>, std::monostate>);
  CHECK(notes == journal{"ran"});
  CHECK(*std::get<2>(all) == 7);
}

TEST_CASE("Tasks that never wait are fine, alone and among others") {
  virtual_time time;
  CHECK(time.run(when_all(value_now(1))) == std::tuple{1});
  CHECK(time.run(when_all(value_now(1), value_now(2))) == std::tuple{1, 2});
  CHECK(time.run(when_all(value_now(1), value_after(1ms, 2), value_now(3))) == std::tuple{1, 2, 3});
}

task<> sleep_and_note_end(duration span, duration cleanup, journal& notes) {
  co_await asio::this_coro::throw_if_cancelled(false);
  const auto status = co_await sleep_for(span);
  notes.push_back(status == wait_status::cancelled ? "cancelled" : "slept");
  co_await sleep_for(cleanup);
  notes.push_back("cleaned up");
}

TEST_CASE("The first failure cancels the others, and goes on once all have ended") {
  virtual_time time;
  journal notes;
  const auto start = time.now();
  auto all = when_all(sleep_and_note_end(1h, 20ms, notes), fail_after(10ms, "broken"), value_after(1h, 1));

  CHECK_THROWS_MATCHES(time.run(std::move(all)), std::runtime_error, Message("broken"));
  CHECK(notes == journal{"cancelled", "cleaned up"});
  CHECK(time.now() - start >= 30ms);
  CHECK(time.now() - start <= 30ms + 2 * tick);
  CHECK(time.main_loop().timers().armed_count() == 0);
}

TEST_CASE("The first failure is the one that counts") {
  virtual_time time;
  auto all = when_all(fail_after(20ms, "second"), fail_after(10ms, "first"));
  CHECK_THROWS_MATCHES(time.run(std::move(all)), std::runtime_error, Message("first"));
}

TEST_CASE("A task that fails before it waits cancels those beside it, started before or after it") {
  virtual_time time;
  journal notes;
  const auto start = time.now();
  auto all = when_all(sleeper(1h, notes, "before"), fail_now("at once"), sleeper(1h, notes, "after"));

  CHECK_THROWS_MATCHES(time.run(std::move(all)), std::runtime_error, Message("at once"));
  CHECK(notes == journal{"before cancelled", "after cancelled"});
  CHECK(time.now() == start);
}

TEST_CASE("Cancelling the one that awaits cancels all that it awaits, and waits for them") {
  virtual_time time;
  journal notes;
  lone_task parent(time, when_all(sleeper(1h, notes, "a"), sleep_and_note_end(1h, 20ms, notes)));

  time.run_for(5ms);
  parent.cancel();
  CHECK(notes == journal{"a cancelled", "cancelled"});
  CHECK_FALSE(parent.ended());

  time.run_for(20ms + tick);
  CHECK(notes.back() == "cleaned up");
  CHECK(parent.ended());
  CHECK(time.main_loop().timers().armed_count() == 0);
}

TEST_CASE("A task that ignores cancellation is waited for to its end") {
  virtual_time time;
  journal notes;
  lone_task parent(time, when_all(stubborn(50ms, 7, notes), sleeper(1h, notes, "other")));

  time.run_for(5ms);
  parent.cancel();
  parent.cancel();
  CHECK_FALSE(parent.ended());
  time.run_for(50ms);
  CHECK(parent.ended());
  CHECK(notes == journal{"other cancelled", "stubborn ended"});
}

task<> nested(journal& notes) {
  auto inner = when_all(sleeper(1h, notes, "inner a"), sleeper(1h, notes, "inner b"));
  auto outer = when_all(std::move(inner), sleeper(1h, notes, "outer"));
  co_await std::move(outer);
}

TEST_CASE("Cancellation reaches through nested scopes, from the inside out") {
  virtual_time time;
  journal notes;
  lone_task parent(time, nested(notes));
  parent.cancel();

  CHECK(parent.ended());
  CHECK(notes == journal{"inner a cancelled", "inner b cancelled", "outer cancelled"});
  CHECK(time.main_loop().timers().armed_count() == 0);
}

TEST_CASE("A failure inside a nested scope ends the outer one too") {
  virtual_time time;
  journal notes;
  auto inner = when_all(fail_after(5ms, "deep"), sleeper(1h, notes, "inner"));
  auto outer = when_all(std::move(inner), sleeper(1h, notes, "outer"));

  CHECK_THROWS_MATCHES(time.run(std::move(outer)), std::runtime_error, Message("deep"));
  CHECK(notes == journal{"inner cancelled", "outer cancelled"});
}

/// Cancels whoever runs it, from within, before it waits for anything.
task<int> cancel_now(lone_task<>*& target) {
  if (target) target->cancel_from_within();
  co_return 0;
}

task<> cancel_during_start(lone_task<>*& self, journal& notes) {
  co_await sleep_for(1ms);
  auto all = when_all(sleeper(1h, notes, "before"), cancel_now(self), sleeper(1h, notes, "after"));
  co_await std::move(all);
}

TEST_CASE("A task that cancels its own scope while that is starting cancels those not yet started too") {
  virtual_time time;
  journal notes;
  lone_task<>* self = nullptr;
  lone_task parent(time, cancel_during_start(self, notes));
  self = &parent;

  time.run_for(2ms);
  CHECK(parent.ended());
  CHECK(time.main_loop().timers().armed_count() == 0);
}

TEST_CASE("Any number of tasks of one kind gives a list of their values in order") {
  virtual_time time;
  std::vector<task<int>> work;
  for (int i = 0; i < 100; ++i) work.push_back(value_after(duration{(100 - i) * 1ms}, i));
  const auto values = time.run(when_all(std::move(work)));

  REQUIRE(values.size() == 100);
  for (int i = 0; i < 100; ++i) CHECK(values[static_cast<std::size_t>(i)] == i);
}

TEST_CASE("A list of none is over at once") {
  virtual_time time;
  CHECK(time.run(when_all(std::vector<task<int>>{})).empty());
}

TEST_CASE("A list keeps the rules: the first failure cancels, and goes on when all have ended") {
  virtual_time time;
  journal notes;
  std::vector<task<int>> work;
  work.push_back(stubborn(50ms, 0, notes));
  work.push_back(fail_after(10ms, "broken"));
  work.push_back(sleeper(1h, notes, "other"));

  CHECK_THROWS_MATCHES(time.run(when_all(std::move(work))), std::runtime_error, Message("broken"));
  CHECK(notes == journal{"other cancelled", "stubborn ended"});
  CHECK(time.main_loop().timers().armed_count() == 0);
}

TEST_CASE("Cancelling the one that awaits a list cancels all of it") {
  virtual_time time;
  journal notes;
  std::vector<task<int>> work;
  for (const auto* name : {"a", "b", "c"}) work.push_back(sleeper(1h, notes, name));
  lone_task parent(time, when_all(std::move(work)));
  parent.cancel();

  CHECK(parent.ended());
  CHECK(notes == journal{"a cancelled", "b cancelled", "c cancelled"});
}

}  // namespace
}  // namespace cohort
