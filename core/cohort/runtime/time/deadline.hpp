// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <chrono>
#include <compare>

#include <cohort/runtime/time/clock.hpp>

namespace cohort {

/// The time by which an operation must have completed. It is absolute on the monotonic clock, so that it can be passed
/// on exactly. Between processes it is sent as the remaining time, never as a wall-clock time.
class deadline {
 public:
  /// No deadline; the same as `never()`.
  constexpr deadline() noexcept = default;
  constexpr explicit deadline(time_point time) noexcept : time_(time) {}

  static constexpr deadline never() noexcept { return deadline{}; }
  /// `timeout` after `now`; `never()` if the sum does not fit a `time_point`.
  static constexpr deadline after(time_point now, duration timeout) noexcept {
    return timeout >= time_point::max() - now ? never() : deadline{now + timeout};
  }

  /// `time_point::max()` for `never()`.
  constexpr time_point time() const noexcept { return time_; }
  constexpr bool is_never() const noexcept { return time_ == time_point::max(); }
  /// Whether `now` is at or after the deadline.
  constexpr bool expired(time_point now) const noexcept { return now >= time_; }
  /// The time from `now` to the deadline: zero once it has expired, `duration::max()` for `never()`.
  constexpr duration remaining(time_point now) const noexcept {
    return is_never() ? duration::max() : std::max(time_ - now, duration::zero());
  }

  /// Earlier deadlines compare less.
  friend constexpr bool operator==(const deadline&, const deadline&) noexcept = default;
  friend constexpr auto operator<=>(const deadline&, const deadline&) noexcept = default;

 private:
  time_point time_ = time_point::max();
};

/// Deadline for a call made on behalf of a caller: `timeout` from `now`, or the caller's deadline minus `reserve`,
/// whichever is earlier. `reserve` is the time that the caller needs to send its own response (a result, or a 504).
/// Source: deadline propagation in gRPC (https://grpc.io/docs/guides/deadlines/).
constexpr deadline derive_deadline(deadline caller, time_point now, duration timeout, duration reserve) noexcept {
  const deadline own = deadline::after(now, timeout);
  return caller.is_never() ? own : std::min(own, deadline{caller.time() - reserve});
}

}  // namespace cohort
