#include "core/runtime/loop_lag.hpp"

#include <catch2/catch_test_macros.hpp>

namespace cohort {
namespace {

using namespace std::chrono_literals;

/// Moves only when told to, as time does while a handler computes.
struct computing_clock final : clock {
  time_point now() const noexcept override { return current; }
  wall_time wall_now() const noexcept override { return {}; }
  bool runs_by_itself() const noexcept override { return false; }
  time_point current{1h};
};

TEST_CASE("What is ready waits for as long as those before it have taken, until the round is over") {
  computing_clock time;
  loop home{time, 0, 1};
  loop_lag lag{home};
  std::vector<duration> seen;
  const auto compute = [&] {
    seen.push_back(lag.of_this_round());
    time.current += 5ms;
  };
  for (int i = 0; i < 3; ++i) asio::post(home.get_executor(), compute);
  home.poll();
  CHECK(seen == std::vector<duration>{0ms, 5ms, 10ms});

  time.current += 1s;
  asio::post(home.get_executor(), compute);
  home.poll();
  CHECK(seen.back() == 0ms);
}

TEST_CASE("A loop is behind from the first of several long rounds on, until one is brief or there is a long pause") {
  computing_clock time;
  loop home{time, 0, 1};
  loop_lag lag{home, 10ms};
  duration behind{};
  /// A round of that length, so long after the last.
  const auto round = [&](duration pause, duration length) {
    time.current += pause;
    asio::post(home.get_executor(), [&, length] {
      lag.of_this_round();
      behind = lag.behind_for();
      time.current += length;
    });
    home.poll();
    return behind;
  };
  CHECK(round(0ms, 11ms) == 0ms);
  CHECK(round(1ms, 11ms) == 12ms);
  CHECK(round(10ms, 11ms) == 33ms);
  SECTION("a brief round") {
    CHECK(round(1ms, 10ms) == 45ms);
    CHECK(round(1ms, 11ms) == 0ms);
    CHECK(round(1ms, 11ms) == 12ms);
  }
  SECTION("a long pause") {
    CHECK(round(11ms, 11ms) == 0ms);
    CHECK(round(1ms, 11ms) == 12ms);
  }
}

TEST_CASE("A mark that is reached after its owner has gone does no harm") {
  computing_clock time;
  loop home{time, 0, 1};
  auto lag = std::make_unique<loop_lag>(home);
  asio::post(home.get_executor(), [&] {
    lag->of_this_round();
    lag.reset();
  });
  CHECK(home.poll() == 2);
}

}  // namespace
}  // namespace cohort
