// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include <cohort/runtime/random.hpp>
#include <cohort/runtime/time/clock.hpp>

namespace cohort::policy {

/// Circuit breaker: rejects calls to an upstream whose failure ratio reaches a threshold, and probes for recovery with
/// one call at a time.
///
///   closed ──(failures)──▶ open ──(time)──▶ half-open ──(probe succeeds)──▶ closed
///                            ▲                  └──(probe fails)──▶ open, for twice as long
///
/// The breaker evaluates the last `max_calls` recorded calls within `window`. A failure opens the breaker if there are
/// at least `min_calls` of these calls, and at least the fraction `failure_ratio` of them failed. The default ratio is
/// high, because below it, most calls still succeed after retries. The class is a state machine without I/O and without
/// a clock. Not thread-safe. Source: Nygard, "Release It!" (2007). The count-based window is from Resilience4j. The
/// open time that starts at 5 s is from Finagle's failure accrual, where it grows to 300 s.
class circuit_breaker {
 public:
  enum class state { closed, open, half_open };

  struct settings {
    /// Minimum number of recorded calls that can open the breaker; 0 disables the breaker.
    unsigned min_calls = 10;
    /// Number of recorded calls that are evaluated; raised to `min_calls` if less.
    unsigned max_calls = 50;
    /// Maximum age of an evaluated call, measured from its end.
    duration window = std::chrono::seconds{60};
    double failure_ratio = 0.9;
    /// Time in the open state. Doubles with each failed probe up to `max_open_time`; jitter adds up to 10 %.
    duration base_open_time = std::chrono::seconds{5};
    duration max_open_time = std::chrono::seconds{60};
  };
  /// The result of `try_acquire`. Exactly one call of `record` must follow each `normal` and each `probe`.
  enum class permission { normal, probe, denied };
  enum class outcome {
    success,
    failure,
    ignored,  // does not indicate the state of the upstream, such as a call that its caller cancelled
  };

  explicit circuit_breaker(settings config);

  /// Requests permission for a call. The result is `denied` while the breaker is open and while a probe is in flight.
  /// The first call after the open time is the `probe`.
  permission try_acquire(time_point now) noexcept;
  /// Records the end of a call that was not denied. Normal calls that end while the breaker is not closed have no
  /// effect. If the outcome of a probe is `ignored`, the next call is the probe. A successful probe discards all
  /// recorded calls.
  void record(permission permission, outcome result, time_point now, random_generator& random) noexcept;

  /// The state after the last event; the transition from open to half-open happens in `try_acquire`.
  state current_state() const noexcept { return state_; }
  /// Time until a call can be permitted; zero while closed or half-open.
  duration retry_after(time_point now) const noexcept;

 private:
  struct recorded_call {
    time_point end_time;
    bool has_failed;
  };
  void record_probe(outcome result, time_point now, random_generator& random) noexcept;
  void open(time_point now, random_generator& random) noexcept;
  void append(recorded_call call) noexcept;
  bool exceeds_failure_ratio(time_point now) const noexcept;

  settings settings_;
  state state_ = state::closed;
  std::vector<recorded_call> calls_;  // used as a ring buffer once it is full
  std::size_t oldest_index_ = 0;
  time_point open_end_time_{};
  unsigned consecutive_open_count_ = 0;  // without a successful probe in between
  bool is_probe_in_flight_ = false;
};

/// Returns `closed`, `open` or `half_open`, as in metric labels.
std::string_view to_string(circuit_breaker::state state) noexcept;

}  // namespace cohort::policy
