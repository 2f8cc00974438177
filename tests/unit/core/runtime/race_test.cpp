#include "core/runtime/race.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <string>
#include <variant>

#include "tests/unit/core/runtime/tasks.hpp"

namespace cohort {
namespace {

using namespace cohort::test;
using Catch::Matchers::Message;

TEST_CASE("The first to end wins, and its place says who it was") {
  virtual_time time;
  const auto start = time.now();
  const auto first = time.run(race(value_after(1h, 1), value_after(10ms, 2), value_after(20ms, 3)));

  REQUIRE(first.index() == 1);
  CHECK(std::get<1>(first) == 2);
  CHECK(time.now() - start <= 10ms + tick);
  CHECK(time.main_loop().timers().armed_count() == 0);
}

TEST_CASE("The losers are cancelled, and waited for") {
  virtual_time time;
  journal notes;
  const auto start = time.now();
  const auto first = time.run(race(value_after(10ms, 1), sleeper(1h, notes, "loser"), stubborn(50ms, 2, notes)));

  CHECK(first.index() == 0);
  CHECK(notes == journal{"loser cancelled", "stubborn ended"});
  CHECK(time.now() - start >= 50ms);
  CHECK(time.main_loop().timers().armed_count() == 0);
}

TEST_CASE("A loser that still gives a value does not become the winner") {
  virtual_time time;
  journal notes;
  const auto first = time.run(race(stubborn(50ms, 1, notes), value_after(10ms, 2)));
  CHECK(first.index() == 1);
}

TEST_CASE("The first to end decides even if it fails") {
  virtual_time time;
  journal notes;
  auto both = race(fail_after(10ms, "broken"), sleeper(1h, notes, "other"));
  CHECK_THROWS_MATCHES(time.run(std::move(both)), std::runtime_error, Message("broken"));
  CHECK(notes == journal{"other cancelled"});
}

TEST_CASE("What a loser throws is nobody's business any more") {
  virtual_time time;
  auto both = race(value_after(10ms, 1), fail_after(10ms + 2 * tick, "too late"));
  CHECK(time.run(std::move(both)).index() == 0);
}

TEST_CASE("Of several that never wait the first one wins") {
  virtual_time time;
  CHECK(time.run(race(value_now(1), value_now(2))).index() == 0);
  CHECK(time.run(race(value_after(1ms, 1), value_now(2))).index() == 1);
}

TEST_CASE("Of two that end at the same moment the one that was woken first wins") {
  virtual_time time;
  CHECK(time.run(race(value_after(10ms, 1), value_after(10ms, 2))).index() == 0);
}

TEST_CASE("A void winner is a monostate") {
  virtual_time time;
  journal notes;
  const auto first = time.run(race(note_after(1ms, notes, "ran"), value_after(1h, 1)));
  CHECK(std::holds_alternative<std::monostate>(first));
  CHECK(notes == journal{"ran"});
}

task<std::string> nested(journal& notes) {
  auto inner = race(value_after(1h, 1), value_after(20ms, 2));
  auto outer = race(std::move(inner), sleeper(1h, notes, "outer"));
  const auto first = co_await std::move(outer);
  co_return std::to_string(first.index()) + "." + std::to_string(std::get<0>(first).index());
}

TEST_CASE("A race may run in a race") {
  virtual_time time;
  journal notes;
  CHECK(time.run(nested(notes)) == "0.1");
  CHECK(notes == journal{"outer cancelled"});
}

TEST_CASE("Cancelling the one that awaits a race cancels all runners, and waits for them") {
  virtual_time time;
  journal notes;
  lone_task parent(time, race(sleeper(1h, notes, "a"), stubborn(50ms, 1, notes)));

  time.run_for(5ms);
  parent.cancel();
  CHECK(notes == journal{"a cancelled"});
  CHECK_FALSE(parent.ended());
  time.run_for(50ms);
  CHECK(notes == journal{"a cancelled", "stubborn ended"});
  CHECK(parent.ended());
  CHECK(time.main_loop().timers().armed_count() == 0);
}

task<int> win_and_cancel_all(lone_task<>*& everything) {
  co_await sleep_for(1ms);
  everything->cancel_from_within();
  co_return 7;
}

task<> race_with(lone_task<>*& everything, journal& notes) {
  auto both = race(win_and_cancel_all(everything), sleeper(1h, notes, "other"));
  const auto first = co_await std::move(both);
  notes.push_back("won by " + std::to_string(first.index()));
  co_await sleep_for(1ms);
  notes.push_back("went on");
}

TEST_CASE("A winner that cancels its own race still ends it with a value, and its parent at the next wait") {
  virtual_time time;
  journal notes;
  lone_task<>* everything = nullptr;
  lone_task parent(time, race_with(everything, notes));
  everything = &parent;
  time.run_for(1s);

  CHECK(parent.ended_by_cancellation());
  CHECK(notes == journal{"other cancelled", "won by 0"});
}

}  // namespace
}  // namespace cohort
