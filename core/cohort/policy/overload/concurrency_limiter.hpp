// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

#include <cohort/policy/latency_window.hpp>

namespace cohort::policy {

/// Adaptive concurrency limit: derives the maximum number of concurrent requests from the measured latency. While
/// latency stays near its value without queueing, the limit increases; when latency rises, the limit decreases by the
/// same ratio. Requests above the limit must be rejected immediately instead of queued. The class is a state machine
/// without I/O and without a clock. Not thread-safe.
///
/// Each sample has at least `sample_size` latencies and lasts at least `min_sample_time`. p50 is the median of the
/// sample, and base is the p50 without queueing:
///   gradient = clamp(tolerance * max(base, min_latency_threshold) / p50, 0.5, 1)
///   limit    = smooth(limit, limit * gradient + sqrt(limit)), within [min_limit, max_limit]
/// The limit does not increase if at most half of it was used. A gradient of 0.5 means that the requests in flight, not
/// the limit, have caused the latency. The reduction then starts from the number of these requests (as RFC 5681 section
/// 3.1 halves the flight size, not the window), but at least from 50. Latency below `min_latency_threshold` is not
/// attributed to queueing.
///
/// If p50 is lower than base, base decreases smoothly, because the minimum of latencies that vary widely would be an
/// outlier. Base becomes too low if, for example, the server slows down permanently. Therefore, after reductions for
/// `probe_interval` in total, the limiter probes: it halves the limit until all requests in flight have completed and
/// one more sample is full. The p50 of that sample is the new base. Only a probe increases base. If base followed
/// increasing latency, as the long-term average of Gradient2 does, it would include the latency of a permanent queue,
/// and the limit would drift upwards. The cost of a probe is small, because half of a limit that maintains a queue is
/// nearly sufficient for full utilization.
///
/// Source: Netflix concurrency-limits (Gradient2: smoothing 0.2, tolerance 1.5, initial limit 20; Vegas limit: probes)
/// and Envoy's adaptive concurrency filter (median of 50 samples, base measured at a lowered limit).
class concurrency_limiter {
 public:
  struct settings {
    double min_limit = 8;
    double initial_limit = 20;
    double max_limit = 1000;
    double tolerance = 1.5;
    double smoothing = 0.2;
    unsigned sample_size = 50;
    duration min_sample_time = std::chrono::milliseconds{100};
    duration min_latency_threshold = std::chrono::milliseconds{10};
    duration probe_interval = std::chrono::seconds{5};
  };

  explicit concurrency_limiter(settings config) : settings_(config), limit_(config.initial_limit) {}

  /// Returns false if the request must be rejected. Exactly one `release` must follow each success.
  bool try_acquire() noexcept;
  /// Ends a request. `latency` is measured from the request's header section to its response.
  void release(duration latency, time_point now) noexcept;
  /// Ends a request whose latency must be ignored, such as a request whose client disconnected.
  void release() noexcept;

  std::size_t limit() const noexcept;
  std::size_t in_flight() const noexcept { return in_flight_; }

 private:
  void end_sample(time_point now) noexcept;
  void update_baseline(duration p50) noexcept;
  void update_limit(double gradient) noexcept;

  settings settings_;
  double limit_;
  std::size_t in_flight_ = 0;

  latency_histogram sample_;
  time_point sample_start_{};
  std::size_t max_in_flight_ = 0;  // in this sample

  duration baseline_latency_{};
  duration reduction_time_{};  // since the last probe, minus the time without a reduction
  bool is_probing_ = false;
  std::size_t draining_count_ = 0;  // requests in flight when the probe started that have not completed
};

}  // namespace cohort::policy
