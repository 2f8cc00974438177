#pragma once

#include <array>
#include <cstdint>

#include "core/runtime/clock.hpp"

namespace cohort::policy {

/// How much may be sent to an upstream beyond one request a call: retries and hedges draw on the same. What was drawn
/// within the last `window` is never more than `ratio` of the calls made in it and `per_second` for each of its
/// seconds: so an upstream that is down gets 20 % more load, not three times as much. Time is kept in tenths of the
/// window, and rounded towards refusing. A state machine: it is told the time. Source: Finagle's RetryBudget (20 %, 10
/// s; its floor is 10/s, ours is for one loop of several).
class retry_budget {
 public:
  struct settings {
    double ratio = 0.2;
    double per_second = 1;
    duration window = std::chrono::seconds{10};
  };

  explicit retry_budget(settings how) : how_(how) {}

  /// A call was made; not for what `withdraw` allowed.
  void deposit(time_point now) noexcept;
  /// Takes one more request if it can be afforded.
  bool withdraw(time_point now) noexcept;
  /// How many could be taken now; never negative.
  double balance(time_point now) noexcept;

 private:
  static constexpr std::int64_t parts = 10;  // of the window
  /// One more than `parts`, as the newest is not over: calls count for at most the window, requests beyond them for at
  /// least that.
  static constexpr std::int64_t slots = parts + 1;
  struct slot {
    std::uint64_t calls = 0;
    std::uint64_t extra = 0;
  };
  slot& at(std::int64_t number) noexcept { return recent_[static_cast<std::size_t>(number % slots)]; }
  void advance(time_point now) noexcept;

  settings how_;
  std::array<slot, slots> recent_{};
  std::int64_t newest_ = 0;
  std::uint64_t calls_ = 0;  // in the newest `parts`
  std::uint64_t extra_ = 0;  // in all slots
};

}  // namespace cohort::policy
