// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "loadgen/engine/run_environment.hpp"
#include "loadgen/engine/worker.hpp"
#include "loadgen/results/report.hpp"

namespace cohort::loadgen {

/// One run of a load profile: starts the workers together and merges their intervals. All members must be called on the
/// control loop.
class load_run {
 public:
  /// Called after the intervals of all workers have been merged. The report is complete up to that interval, except for
  /// the verdict.
  using interval_handler = std::function<void(const run_report&, const interval_report&)>;

  /// `environment` and `settings` must outlive the run.
  load_run(const run_environment& environment, const load_settings& settings);
  ~load_run();

  void on_interval(interval_handler handler) { interval_handlers_.push_back(std::move(handler)); }
  /// Completes when the last request has ended and the load profile is over, or after `stop`.
  task<> run();
  /// Ends the run early. Calls after the first have no effect.
  void stop(std::string reason);

  const std::optional<std::string>& stop_reason() const noexcept { return stop_reason_; }
  /// The time of the first request, which is shortly after the call of the constructor or of `run`, so that all workers
  /// are ready.
  time_point start_time() const noexcept { return start_time_; }
  const run_report& current_report() const noexcept { return report_; }
  run_report take_report() { return std::move(report_); }

 private:
  struct merged_interval;

  void init_report();
  void merge(std::size_t worker, worker_interval interval);
  bool is_complete(const merged_interval& interval, std::size_t index) const noexcept;
  void publish(merged_interval& merged);
  void check_abort_objectives();

  const run_environment& environment_;
  const load_settings& settings_;
  /// Shared with functions that are posted to the loops of the workers.
  std::vector<std::shared_ptr<worker>> workers_;
  /// The index of the last interval of each worker that has ended.
  std::vector<std::size_t> last_intervals_;
  std::vector<interval_handler> interval_handlers_;
  /// The intervals that some workers have not reported yet.
  std::deque<merged_interval> pending_intervals_;
  std::size_t first_pending_ = 0;
  std::vector<duration> worker_cpu_times_;
  std::vector<std::uint64_t> planned_by_target_;
  run_report report_;
  time_point start_time_{};
  time_point last_end_{};
  std::optional<std::string> stop_reason_;
};

}  // namespace cohort::loadgen
