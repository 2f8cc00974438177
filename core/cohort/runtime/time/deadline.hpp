// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <chrono>
#include <compare>

#include <cohort/runtime/time/clock.hpp>

namespace cohort {

/// The time by which an operation must complete. A deadline is an absolute time of the monotonic clock, so that every
/// callee receives exactly the same deadline. Between processes, a deadline is sent as the remaining time, never as a
/// wall-clock time.
class deadline {
 public:
  /// No deadline; the same as `never()`.
  constexpr deadline() noexcept = default;
  constexpr explicit deadline(time_point time) noexcept : time_(time) {}

  static constexpr deadline never() noexcept { return deadline{}; }
  /// `timeout` after `now`; `never()` if the sum is out of the range of `time_point`.
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

  /// An earlier deadline compares less than a later deadline.
  friend constexpr bool operator==(const deadline&, const deadline&) noexcept = default;
  friend constexpr auto operator<=>(const deadline&, const deadline&) noexcept = default;

 private:
  time_point time_ = time_point::max();
};

/// Returns the deadline for a call on behalf of a caller: `timeout` from `now`, or the caller's deadline minus
/// `reserve`, whichever is earlier. `reserve` is the time that the caller needs to send its own response (a result, or
/// a 504). Source: deadline propagation in gRPC (https://grpc.io/docs/guides/deadlines/).
constexpr deadline derive_deadline(deadline caller_deadline, time_point now, duration timeout,
                                   duration reserve) noexcept {
  const deadline timeout_deadline = deadline::after(now, timeout);
  if (caller_deadline.is_never()) return timeout_deadline;
  return std::min(timeout_deadline, deadline{caller_deadline.time() - reserve});
}

}  // namespace cohort
