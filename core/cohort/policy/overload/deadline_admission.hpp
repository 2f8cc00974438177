// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/policy/latency_window.hpp>

namespace cohort::policy {

/// Admission control by deadline: decides whether a request has enough time left to be completed, based on the median
/// latency of recent similar requests. If there are too few recent latencies, every request is admitted, so a slow
/// period cannot cause permanent rejections. The class is a state machine without I/O and without a clock. Not
/// thread-safe. Source: Google, "Site Reliability Engineering", chapter 22 ("doomed" requests). Deadline propagation in
/// gRPC and userver rejects requests whose deadline has expired. This class also rejects requests whose deadline would
/// expire before their completion.
class deadline_admission {
 public:
  explicit deadline_admission(std::uint64_t min_samples = 20) : min_samples_(min_samples) {}

  /// Records the latency of a completed request. Must not be called for a cancelled request.
  void record(duration latency, time_point now) noexcept { latencies_.record(latency, now); }
  /// Returns the estimated duration of a request if it exceeds `remaining_time`; empty if the request can be admitted.
  std::optional<duration> required_time(duration remaining_time, time_point now) noexcept;

 private:
  latency_window latencies_;
  std::uint64_t min_samples_;
};

}  // namespace cohort::policy
