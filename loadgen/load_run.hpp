#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "loadgen/report.hpp"
#include "loadgen/worker.hpp"

namespace cohort::loadgen {

/// The loops that a run takes place on. The control loop merges and shows; that it is not one of the workers' keeps it
/// from making them late. On a virtual clock it may be the same.
struct stage {
  loop& control;
  std::vector<loop*> workers;
  net::network& reach;
  /// The calling thread's CPU time.
  std::function<duration()> cpu_time;
};

/// One run of the plan: starts the workers together, merges what they tell each second, and ends when the last request
/// has become something.
class load_run {
 public:
  /// Heard on the control loop once all workers have told of an interval; all of the report but the verdict is up to
  /// date then.
  using listener = std::function<void(const report&, const interval&)>;

  /// `where` and `settings` must outlive it.
  load_run(const stage& where, const load_settings& settings);
  ~load_run();

  void on_interval(listener hear) { listeners_.push_back(std::move(hear)); }
  /// On the control loop.
  task<> run();
  /// On the control loop: ends it early. The first reason is kept.
  void stop(std::string why);

  const std::optional<std::string>& stopped_because() const noexcept { return stop_reason_; }
  /// Whether it was an objective that cannot be met any more.
  bool aborted() const noexcept { return aborted_; }
  /// Shortly after it was made, so that all workers are ready.
  time_point start() const noexcept { return start_; }
  const report& findings() const noexcept { return found_; }
  report take_findings() { return std::move(found_); }

 private:
  struct merging_interval;

  void collect(std::size_t worker, interval_part part);
  bool all_told(const merging_interval& of, std::size_t number) const noexcept;
  void finish_interval(merging_interval& merged);
  void check_objectives();

  const stage& stage_;
  const load_settings& settings_;
  /// Shared with what is on its way to their loops.
  std::vector<std::shared_ptr<worker>> workers_;
  /// The numbers of the ended workers' last intervals.
  std::vector<std::size_t> last_intervals_;
  std::vector<listener> listeners_;
  std::deque<merging_interval> merging_;
  std::size_t first_merging_ = 0;
  std::vector<duration> cpu_of_worker_;
  std::vector<std::uint64_t> planned_for_target_;
  report found_;
  time_point start_{};
  time_point last_end_{};
  std::optional<std::string> stop_reason_;
  bool aborted_ = false;
};

/// The tally that an objective is about.
const tally& tally_for(const objective& wanted, const report& of);

}  // namespace cohort::loadgen
