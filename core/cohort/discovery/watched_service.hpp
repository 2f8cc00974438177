// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include <cohort/discovery/discovery_metrics.hpp>
#include <cohort/discovery/discovery_url.hpp>
#include <cohort/discovery/endpoint_source.hpp>
#include <cohort/runtime/synchronization/cross_thread/cross_thread_event.hpp>
#include <cohort/telemetry/log.hpp>

namespace cohort::discovery {

/// The endpoints of one service, kept up to date by its source. `endpoints` is thread-safe; all other functions are
/// used on the first loop.
///
/// - While the source fails, the last list remains in use without a time limit.
/// - An empty list replaces a list with endpoints only if the source still confirms it after `empty_list_delay`.
///   Without this delay, a discovery system that has lost its data would make the service unavailable until its
///   replicas have re-registered.
/// - Failed requests are retried with exponential backoff from `min_retry_delay` to `max_retry_delay`, with a jitter of
///   up to half the delay.
class watched_service {
 public:
  static constexpr duration empty_list_delay = std::chrono::seconds{60};
  static constexpr duration min_retry_delay = std::chrono::milliseconds{100};
  static constexpr duration max_retry_delay = std::chrono::seconds{5};
  /// Endpoints beyond this number are ignored, with a warning. The limit bounds the memory, and the time to select an
  /// endpoint.
  static constexpr std::size_t max_endpoints = 1000;

  /// `metrics` must outlive the service. `now` is the time of the start.
  watched_service(service_target target, std::unique_ptr<endpoint_source> source, telemetry::registry& metrics,
                  telemetry::logger log, wall_time now);

  const service_target& target() const noexcept { return target_; }

  /// Watches the endpoints until the task is cancelled. `on_change` is awaited after each change of the endpoints.
  task<> run(std::function<task<>()> on_change);

  /// The endpoints; waits for the first list. Errors: `host_not_found_try_again` while the source has failed and there
  /// is no list, `host_not_found` if the list is empty, `timed_out`, `operation_aborted`.
  task<result<endpoint_list>> endpoints(deadline wait_deadline);

 private:
  /// Returns whether the endpoints in use have changed.
  bool apply(endpoint_list endpoints);
  void report_change(std::size_t previous_count, std::size_t new_count);
  duration fail(const source_error& error, unsigned failures);

  service_target target_;
  std::unique_ptr<endpoint_source> source_;
  watch_metrics metrics_;
  telemetry::logger log_;
  /// The time since which the source has reported an empty list.
  std::optional<time_point> empty_since_;
  /// Set by the first list and by the first error.
  std::shared_ptr<cross_thread_event> first_attempt_ = cross_thread_event::make();
  std::mutex mutex_;
  std::optional<endpoint_list> endpoints_;
};

}  // namespace cohort::discovery
