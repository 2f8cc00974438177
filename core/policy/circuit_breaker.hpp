#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/runtime/clock.hpp"
#include "core/runtime/random.hpp"

namespace cohort::policy {

/// Leaves an upstream alone that fails nearly always, and finds out by single probes when it is well again.
///
///   closed ──(failures)──▶ open ──(time)──▶ half-open ──(probe succeeds)──▶ closed
///                            ▲                  └──(probe fails)──▶ open, for twice as long
///
/// A failure opens it if, of the last `most_outcomes` calls within `window`, there are at least `least_outcomes` and at
/// least `failure_ratio` of them failed. High, since below that retries still get most callers an answer. A state
/// machine: it is told the time, and what became of each call that it admitted. Source: Nygard, "Release It!" (2007);
/// the count window is Resilience4j's, 5 s growing to 300 s are Finagle's.
class circuit_breaker {
 public:
  enum class state { closed, open, half_open };

  struct settings {
    /// 0 never opens.
    unsigned least_outcomes = 10;
    unsigned most_outcomes = 50;
    duration window = std::chrono::seconds{60};
    double failure_ratio = 0.9;
    /// Open for so long, then doubled with each probe that fails; jittered by up to a tenth more.
    duration first_open = std::chrono::seconds{5};
    duration longest_open = std::chrono::seconds{60};
  };
  /// What a call may do; give it back when the call has ended, whichever way, exactly once.
  enum class admission { normal, probe, refused };
  enum class outcome {
    success,
    failure,
    none,  // tells nothing of the upstream, such as a call whose caller left
  };

  explicit circuit_breaker(settings how);

  /// `refused` while open, and while a probe is under way. The first after the time of being open is the `probe`.
  admission admit(time_point now) noexcept;
  /// Of a call that was not refused. Normal calls that end while it is not closed change nothing; a probe without an
  /// outcome lets the next call probe; one that succeeds makes it forget all outcomes.
  void record(admission of, outcome what, time_point now, random_source& random) noexcept;

  /// As of the last event: open turns to half-open only by `admit`.
  state current() const noexcept { return state_; }
  /// How long until it will let a call through: zero if it would now, or as soon as the probe under way succeeds.
  duration retry_after(time_point now) const noexcept;

 private:
  struct ended_call {
    time_point at;
    bool failed;
  };
  void record_probe(outcome what, time_point now, random_source& random) noexcept;
  void open(time_point now, random_source& random) noexcept;
  void remember(ended_call call) noexcept;
  bool fails_too_often(time_point now) const noexcept;

  settings how_;
  state state_ = state::closed;
  std::vector<ended_call> ended_;  // a ring once it is full
  std::size_t oldest_ = 0;
  time_point reopens_at_{};
  unsigned times_opened_ = 0;  // in a row, without a success in between
  bool probing_ = false;
};

/// `closed`, `open`, `half_open`: for metrics.
std::string_view name_of(circuit_breaker::state state) noexcept;

}  // namespace cohort::policy
