#pragma once

#include <cstdint>

#include "core/policy/latency_window.hpp"
#include "core/runtime/clock.hpp"

namespace cohort::policy {

/// How many requests a server should work on at once, found by watching how long they take: as long as latency stays
/// near what it is without a queue, the limit grows; when it rises, the limit falls by that ratio, and what comes
/// beyond it is turned away at once instead of waiting until nobody wants its answer. A state machine: it is told the
/// time.
///
/// Each `sample` answers, or after `sample_time`, whichever is later: with p50 the median of the sample and base the
/// p50 without a queue,
///   gradient = clamp(tolerance * max(base, always_fine) / p50, 0.5, 1)
///   limit    = smooth(limit, limit * gradient + sqrt(limit)), within [least, most]
/// and no growth while at most half of the limit was in use. What took far too long (gradient 0.5) is what was in
/// flight, however much more the limit would have let in: such a cut begins from there (as RFC 5681 section 3.1 halves
/// the flight size, not the window), though from 50 at least. Below `always_fine` latency is never taken for a queue:
/// waiting for somebody else is no overload.
///
/// Base follows each p50 below it, smoothed: the plain minimum would be chance's best, and too low where durations
/// differ much. It may become too low, as when the server has become slower for good. So once the limit has been cut
/// for `patience` altogether, a probe: half the limit, until what was in flight has left and one more sample is full;
/// that one's p50 is the new base. It never rises otherwise: a base that follows the latency up (Gradient2's long-term
/// average) takes a standing queue for normal, and lets the limit drift up. The probe costs little, as half of a limit
/// that keeps a queue is nearly enough to keep the server busy.
///
/// Source: Netflix' concurrency-limits (Gradient2: smoothing 0.2, tolerance 1.5, start 20; probes: its Vegas limit);
/// the median of 50 samples and the base measured at a lowered limit are Envoy's adaptive concurrency filter's.
class concurrency_limiter {
 public:
  struct settings {
    double least = 8;
    double first = 20;
    double most = 1000;
    double tolerance = 1.5;
    double smoothing = 0.2;
    unsigned sample = 50;
    duration sample_time = std::chrono::milliseconds{100};
    duration always_fine = std::chrono::milliseconds{10};
    duration patience = std::chrono::seconds{5};
  };

  explicit concurrency_limiter(settings how) : how_(how), limit_(how.first) {}

  /// False if the request is to be turned away; else `leave` once it is answered.
  bool try_enter() noexcept;
  /// `took` from the request's header to its answer.
  void leave(duration took, time_point now) noexcept;
  /// The same for one that tells nothing, such as one whose client hung up.
  void leave() noexcept;

  std::size_t limit() const noexcept;
  std::size_t in_flight() const noexcept { return in_flight_; }

 private:
  void end_sample(time_point now) noexcept;
  void learn(duration p50) noexcept;
  void adjust(double gradient) noexcept;

  settings how_;
  double limit_;
  std::size_t in_flight_ = 0;

  latency_counts sample_;
  time_point sample_began_{};
  std::size_t most_in_flight_ = 0;  // in this sample

  duration base_{};
  duration cut_for_{};
  bool probing_ = false;
  std::size_t to_drain_ = 0;  // of those in flight when the probe began
};

}  // namespace cohort::policy
