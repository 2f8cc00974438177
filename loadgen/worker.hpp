#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "loadgen/lane.hpp"

namespace cohort::loadgen {

/// What a worker tells of one interval.
struct interval_part {
  interval_recorder tallies;
  /// From the start of the run.
  std::size_t number = 0;
  duration length{};
  std::size_t in_flight = 0;
  std::size_t waiting = 0;
  duration cpu{};
  time_point last_end{};
  /// No more will come of this worker.
  bool last = false;
};

inline constexpr duration interval_length = std::chrono::seconds{1};

/// One loop's part of a run: starts its share of the requests when they are meant to start, whatever becomes of those
/// before them, and tells each second what happened.
class worker {
 public:
  using listener = std::function<void(interval_part)>;
  struct place {
    std::size_t index = 0;
    std::size_t of = 1;
  };

  /// `settings` and `reach` must outlive it; `tell` is called on `home`. `cpu_time` gives the calling thread's.
  worker(loop& home, net::network& reach, const load_settings& settings, place where,
         std::function<duration()> cpu_time, listener tell);

  /// On its loop: until every request became something, or it was stopped.
  task<> run(time_point start);
  /// On its loop: starts no more, and gives up what has no answer yet.
  void stop();

 private:
  task<> start_requests(time_point start);
  task<> tell_each_interval(time_point start);
  task<> wait_for_end_of_plan(time_point start);
  task<> wait_until_idle();
  void count_overdue(time_point start, arrival next);
  void tell_interval(time_point end, bool last = false);

  loop& home_;
  const load_settings& settings_;
  place where_;
  rotation rotation_;
  arrivals arrivals_;
  std::function<duration()> cpu_time_;
  listener tell_;
  http::connector connector_;
  interval_recorder recorder_;
  task_group connections_;
  task_group telling_;
  lane_context shared_;
  std::vector<std::unique_ptr<lane>> lanes_;
  wait_queue stopped_;
  std::size_t intervals_told_ = 0;
  time_point interval_start_{};
  duration cpu_told_{};
};

}  // namespace cohort::loadgen
