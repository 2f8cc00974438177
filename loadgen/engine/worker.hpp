// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "loadgen/engine/arrival_source.hpp"

namespace cohort::loadgen {

/// The statistics of one worker in one interval.
struct worker_interval {
  interval_recorder stats;
  /// Number of the interval in the run, from zero.
  std::size_t index = 0;
  duration length{};
  std::size_t in_flight = 0;
  std::size_t waiting = 0;
  duration cpu_time{};
  time_point last_end{};
  /// Whether the worker has ended.
  bool is_last = false;
};

inline constexpr duration interval_length = std::chrono::seconds{1};

/// The part of a run on one loop: sends a share of the requests, and reports its statistics every second. Must be used
/// only on the loop that was passed to the constructor.
class worker {
 public:
  using interval_handler = std::function<void(worker_interval)>;

  /// `network` and `settings` must outlive the worker. `thread_cpu_time` returns the CPU time of the calling thread.
  /// `on_interval` is called on the worker's loop.
  worker(loop& event_loop, net::network& network, const load_settings& settings, worker_position position,
         std::function<duration()> thread_cpu_time, interval_handler on_interval);

  /// Completes when all requests have ended and the load profile is over, or after `stop`.
  task<> run(time_point start);
  /// Stops starting requests, and cancels the requests in flight.
  void stop();

 private:
  task<> wait_for_profile_end(time_point start);
  task<> wait_until_idle();
  void on_interval_end();
  void end_interval() noexcept;
  void report_interval(time_point end, bool is_last = false);

  loop& loop_;
  const load_settings& settings_;
  std::function<duration()> thread_cpu_time_;
  interval_handler on_interval_;
  http::connector connector_;
  request_tracker tracker_;
  task_group connections_;
  client_context context_;
  std::unique_ptr<arrival_source> arrivals_;
  arrival_source::client_list clients_;
  wait_queue stopped_;
  /// Exists during `run`.
  std::optional<bound_timer<&worker::on_interval_end>> interval_timer_;
  std::size_t interval_count_ = 0;
  time_point interval_start_{};
  duration reported_cpu_time_{};
};

}  // namespace cohort::loadgen
