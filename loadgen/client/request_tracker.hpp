// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <optional>

#include <cohort/runtime/concurrency/wait_queue.hpp>
#include <cohort/runtime/loop.hpp>
#include "loadgen/measurement/interval_recorder.hpp"
#include "loadgen/schedule/load_settings.hpp"

namespace cohort::loadgen {

/// A request whose intended start has passed, and its current attempt.
struct scheduled_request {
  std::size_t target = 0;
  std::size_t phase = 0;
  /// The intended start, which the load profile determines; in a closed loop, the time at which the connection becomes
  /// idle.
  time_point intended_start;
  /// The time of the dispatch. The dispatch lag is this time minus `intended_start`.
  time_point dispatch_time;
  /// Number of the attempt, from 1. Attempts after the first are retries.
  unsigned attempt = 1;
  /// Start time of a retry. The first attempt starts at `intended_start`.
  time_point retry_start{};
  /// Time between the end of the last request and the intended start; empty if another request was in flight, and for
  /// the first request.
  std::optional<duration> idle_time{};
};

/// The time at which an attempt without a response ends: at the timeout of its request, or when the caller abandons it.
deadline attempt_deadline(const scheduled_request& request, const load_settings& settings) noexcept;

struct request_result {
  request_outcome outcome = request_outcome::unfinished;
  /// Zero without a response.
  unsigned status = 0;
};

/// Counts the requests of one worker, from their start to their outcome. Must be used on one loop.
class request_tracker {
 public:
  /// `event_loop` and `settings` must outlive the tracker.
  request_tracker(loop& event_loop, const load_settings& settings);

  /// Records a request whose intended start has passed, and sets its idle time. Counts every planned request exactly
  /// once.
  void on_scheduled(scheduled_request& request);
  /// Records the end of a request that was not sent, or whose last attempt had no connection.
  void on_unsent(const scheduled_request& request) { end_without_attempt(request, request_outcome::unsent); }
  /// Records that the run ended during the pause before a retry.
  void on_retry_cancelled(const scheduled_request& request) {
    end_without_attempt(request, request_outcome::unfinished);
  }
  /// Records the outcome of an attempt that will be retried.
  void on_retry(const scheduled_request& request, request_outcome outcome);
  void on_connection_opened(const scheduled_request& request) { ++stats_of(request).connections_opened; }
  void on_bytes_received(const scheduled_request& request, std::size_t bytes) {
    stats_of(request).bytes_received += bytes;
  }

  /// Requests that were scheduled and have no outcome yet.
  std::size_t outstanding() const noexcept { return outstanding_; }
  /// Requests in progress on a connection.
  std::size_t in_flight() const noexcept { return in_flight_; }
  /// The end of the last request.
  time_point last_end() const noexcept { return last_end_; }
  /// Notified when `outstanding` becomes zero.
  wait_queue& idle() noexcept { return idle_; }

  /// Returns the statistics of the time since the last call, and resets them.
  interval_recorder take_interval() { return recorder_.take(); }

 private:
  friend class active_request;
  request_stats& stats_of(const scheduled_request& request) { return recorder_.stats(request.phase, request.target); }
  void end_without_attempt(const scheduled_request& request, request_outcome outcome);
  /// Counts an attempt that the caller abandoned after its patience.
  void count_abandoned(const scheduled_request& request, request_outcome outcome);
  void on_request_end(time_point now);

  loop& loop_;
  const load_settings& settings_;
  interval_recorder recorder_;
  std::size_t outstanding_ = 0;
  std::size_t in_flight_ = 0;
  time_point last_end_{};
  wait_queue idle_;
};

/// An attempt in progress on a connection. If it is destroyed without `finish` or `finish_attempt`, the outcome of its
/// request is `unfinished`.
class active_request {
 public:
  active_request(request_tracker& tracker, const scheduled_request& schedule);
  ~active_request();
  active_request(const active_request&) = delete;
  active_request& operator=(const active_request&) = delete;

  const scheduled_request& schedule() const noexcept { return schedule_; }
  deadline timeout() const noexcept { return attempt_deadline(schedule_, tracker_.settings_); }
  /// Records that the request has been written completely.
  void on_sent();
  /// Records the last attempt of the request with its result.
  void finish(const request_result& result);
  /// Records the result of an attempt whose request will be retried.
  void finish_attempt(const request_result& result);

 private:
  request_tracker& tracker_;
  const scheduled_request schedule_;
  time_point sent_time_{};
  bool is_finished_ = false;
};

}  // namespace cohort::loadgen
