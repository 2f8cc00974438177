// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <cohort/http/client/client.hpp>
#include <cohort/runtime/concurrency/task_group.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>
#include <cohort/service/otlp/otlp_settings.hpp>
#include <cohort/telemetry/log.hpp>

namespace cohort::service {

/// The reason why items were dropped, besides a full queue.
enum class drop_reason : std::uint8_t {
  /// The collector rejected the items: a partial success, or a status that is not retried.
  rejected,
  /// There was no successful response within `otlp_target::export_timeout`.
  unavailable,
  /// The items were not exported before the program ended.
  shutdown,
};

/// The counts of one signal, which any thread can read.
struct export_statistics {
  std::atomic<std::uint64_t> exported{0};
  std::array<std::atomic<std::uint64_t>, 3> dropped{};
  std::atomic<std::uint64_t> retries{0};
  std::atomic<std::uint64_t> requests{0};

  void count_dropped(drop_reason reason, std::uint64_t count) noexcept {
    dropped[static_cast<std::size_t>(reason)].fetch_add(count, std::memory_order_relaxed);
  }
};

/// Exports the batches of one queue by OTLP/HTTP, one after the other, on the loop on which the worker is started.
/// Requests are retried as the protocol requires (https://opentelemetry.io/docs/specs/otlp/#otlphttp-response): after
/// 429, 502, 503, 504 and failures of the connection, with exponential backoff and jitter, or after the time in
/// `Retry-After`. While the worker retries, the queue fills up to its limit. After any other status except 2xx, the
/// batch is dropped. Export requests are not traced.
class export_worker {
 public:
  /// All references must outlive the worker.
  export_worker(http::client& transport, telemetry::export_queue& queue, telemetry::otlp_signal signal,
                const otlp_target& target, const telemetry::resource_attributes& resource,
                export_statistics& statistics, telemetry::logger log);

  /// Starts the worker on the calling loop.
  void start() { running_.spawn(run()); }
  /// Exports the queued items until `stop_deadline`, then ends. The remaining items count as dropped. Called on the
  /// worker's loop.
  task<> stop(deadline stop_deadline);

 private:
  class taken_batch;
  /// A failed request that can be retried.
  struct retry_request {
    /// The reason for the failure.
    std::string cause;
    /// The delay that the collector requested.
    std::optional<duration> after{};
  };

  task<> run();
  task<> export_batch(taken_batch& batch);
  task<std::optional<std::string>> compress(std::string body);
  /// Empty if the memory is insufficient.
  task<std::optional<http::client_request>> make_request(std::string_view items);
  /// Records the outcome of the batch, unless the request must be retried.
  std::optional<retry_request> evaluate_response(const http::client_result& result, taken_batch& batch);
  void on_success(const http::client_response& response, std::uint64_t count);
  void report_dropped(drop_reason reason, std::uint64_t count, std::string_view cause);

  http::client& transport_;
  telemetry::export_queue& queue_;
  telemetry::otlp_signal signal_;
  const otlp_target& target_;
  const telemetry::resource_attributes& resource_;
  export_statistics& statistics_;
  telemetry::logger log_;
  /// The earliest time of the next log line about dropped items.
  time_point next_log_time_{};
  bool is_stopping_ = false;
  event stop_requested_;
  event ended_;
  task_group running_;
};

}  // namespace cohort::service
