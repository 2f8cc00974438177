// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <vector>

#include <cohort/telemetry/otlp/export_queue.hpp>
#include <cohort/telemetry/otlp/otlp_encoding.hpp>
#include <cohort/telemetry/tracing/sampler.hpp>
#include <cohort/telemetry/tracing/span.hpp>

namespace cohort {
class random_generator;
}

namespace cohort::telemetry {

/// Records the spans of one service for export. Each loop has its own queue. A span is encoded when it ends, so the
/// queue contains only bytes.
class tracer {
 public:
  tracer(std::size_t loop_count, sampler root_sampler, otlp_encoding encoding, export_queue_limits limits = {});

  /// Starts the span of a request: decides whether its trace is sampled, and sets its span ID. Returns the ID of the
  /// caller's span; zero for a new trace.
  std::uint64_t begin(trace_context& trace, random_generator& random) const noexcept;
  /// Whether the spans of a request are exported, because its trace is sampled or the request missed its deadline.
  static bool is_exported(const trace_context& trace, bool has_missed_deadline) noexcept {
    return trace.is_sampled || has_missed_deadline;
  }
  /// Queues a span that has ended. If the queue is full, drops the span and counts it. Must be called on a loop.
  void record(const span& span);

  /// The queue of each loop.
  const std::vector<std::unique_ptr<export_queue>>& queues() const noexcept { return queues_; }

 private:
  sampler sampler_;
  otlp_encoding encoding_;
  std::vector<std::unique_ptr<export_queue>> queues_;
};

}  // namespace cohort::telemetry
