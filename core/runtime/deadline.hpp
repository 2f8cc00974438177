#pragma once

#include <algorithm>
#include <chrono>

#include "core/runtime/clock.hpp"

namespace cohort {

/// The moment after which nobody waits for an answer any more. Absolute, so that handing it down costs nothing and
/// loses nothing; between processes it travels as the time that remains, never as a wall clock.
class deadline {
 public:
  /// No limit.
  constexpr deadline() noexcept = default;
  constexpr explicit deadline(time_point at) noexcept : at_(at) {}

  static constexpr deadline never() noexcept { return deadline{}; }
  static constexpr deadline after(time_point now, duration span) noexcept {
    // Saturates: a caller may ask for "as long as can be said" without wrapping into the past.
    return span >= time_point::max() - now ? never() : deadline{now + span};
  }

  constexpr time_point at() const noexcept { return at_; }
  constexpr bool is_never() const noexcept { return at_ == time_point::max(); }
  constexpr bool expired(time_point now) const noexcept { return now >= at_; }
  /// Zero once it has passed.
  constexpr duration remaining(time_point now) const noexcept {
    return is_never() ? duration::max() : std::max(at_ - now, duration::zero());
  }

  friend constexpr bool operator==(const deadline&, const deadline&) noexcept = default;
  friend constexpr auto operator<=>(const deadline&, const deadline&) noexcept = default;

 private:
  time_point at_ = time_point::max();
};

/// The earlier of the caller's deadline, less `reserve` to use the answer, and `limit` from now.
/// Source: gRPC's deadline propagation; the reserve is what lets the caller still write its own 504.
constexpr deadline budget_for(deadline caller, time_point now, duration limit, duration reserve) noexcept {
  const deadline own = deadline::after(now, limit);
  return caller.is_never() ? own : std::min(own, deadline{caller.at() - reserve});
}

}  // namespace cohort
