// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstdint>

#include <cohort/runtime/time/clock.hpp>

namespace cohort::policy {

/// Limits the total extra load on an upstream by retries and hedged requests. Within any `window`, the number of
/// withdrawals is at most `ratio` times the number of calls, plus `min_per_second` for each second. With the defaults,
/// a failing upstream receives about 20 % more load instead of three times the load. Time is measured in tenths of the
/// window, rounded conservatively. The class is a state machine without I/O and without a clock. Not thread-safe.
/// Source: Finagle's RetryBudget (20 %, 10 s). Finagle's minimum is 10 per second; here, the minimum applies to each
/// loop.
class retry_budget {
 public:
  struct settings {
    double ratio = 0.2;
    double min_per_second = 1;
    duration window = std::chrono::seconds{10};
  };

  explicit retry_budget(settings config) : settings_(config) {}

  /// Records a call. Must be called once per call, but not for the extra requests that `withdraw` permits.
  void deposit(time_point now) noexcept;
  /// Takes one extra request from the budget. Returns false if the balance is less than one.
  bool withdraw(time_point now) noexcept;
  /// Number of extra requests that can be withdrawn now; never negative.
  double balance(time_point now) noexcept;

 private:
  static constexpr std::int64_t slots_per_window = 10;
  /// The array has one slot more than the window, because the newest slot is incomplete. Calls are counted for at most
  /// the window, withdrawals for at least the window.
  static constexpr std::int64_t slot_count = slots_per_window + 1;
  struct slot {
    std::uint64_t call_count = 0;
    std::uint64_t withdrawal_count = 0;
  };
  slot& slot_at(std::int64_t number) noexcept { return slots_[static_cast<std::size_t>(number % slot_count)]; }
  void advance(time_point now) noexcept;

  settings settings_;
  std::array<slot, slot_count> slots_{};
  std::int64_t newest_slot_number_ = 0;
  std::uint64_t call_count_ = 0;        // in the newest `slots_per_window` slots
  std::uint64_t withdrawal_count_ = 0;  // in all slots
};

}  // namespace cohort::policy
