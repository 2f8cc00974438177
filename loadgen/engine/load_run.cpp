// SPDX-License-Identifier: BSL-1.0
#include "loadgen/engine/load_run.hpp"

#include <algorithm>

#include <cohort/runtime/concurrency/run_on.hpp>
#include <cohort/runtime/concurrency/when_all.hpp>

namespace cohort::loadgen {
namespace {

/// Time between the creation of the workers and the first request.
constexpr duration start_delay = std::chrono::milliseconds{20};

task<> run_worker(worker& worker, loop& event_loop, time_point start) {
  co_await run_on(event_loop, worker.run(start));
}

}  // namespace

struct load_run::merged_interval {
  explicit merged_interval(std::size_t target_count) : target_stats(target_count) {}
  std::vector<request_stats> target_stats;
  interval_report report;
  std::size_t worker_count = 0;
};

load_run::load_run(const run_environment& environment, const load_settings& settings)
    : environment_(environment),
      settings_(settings),
      worker_cpu_times_(environment.worker_loops.size()),
      planned_by_target_(planned_requests(settings)),
      start_time_(environment.control_loop.now() + start_delay) {
  init_report();
}

load_run::~load_run() = default;

void load_run::init_report() {
  for (const auto& target : settings_.targets) {
    report_.targets.push_back({.name = target.name,
                               .method = std::string{boost::beast::http::to_string(target.request.method)},
                               .url = std::string{target.request.url.buffer()},
                               .weight = target.weight});
  }
  for (const auto& phase : settings_.profile.phases()) {
    report_.phases.push_back({.name = phase.name,
                              .start = phase.start,
                              .length = phase.length,
                              .target_stats = std::vector<request_stats>(settings_.targets.size())});
  }
  report_.target_stats.resize(settings_.targets.size());
  report_.planned_rate = planned_rate(settings_);
  report_.planned_duration = settings_.profile.length();
  report_.deadline = settings_.deadline;
  report_.callers = settings_.callers;
  report_.generator.threads = static_cast<unsigned>(environment_.worker_loops.size());
  report_.generator.connections = static_cast<unsigned>(settings_.connections);
}

task<> load_run::run() {
  auto& control_loop = environment_.control_loop;
  report_.start_time = control_loop.wall_now();
  start_time_ = last_end_ = std::max(start_time_, control_loop.now());
  std::vector<task<>> running;
  for (std::size_t i = 0; i < environment_.worker_loops.size(); ++i) {
    auto& worker_loop = *environment_.worker_loops[i];
    auto on_interval = [this, i](worker_interval interval) {
      asio::post(environment_.control_loop.get_executor(),
                 [this, i, moved = std::move(interval)]() mutable { merge(i, std::move(moved)); });
    };
    const worker_position position{i, environment_.worker_loops.size()};
    workers_.push_back(std::make_shared<worker>(worker_loop, environment_.network, settings_, position,
                                                environment_.thread_cpu_time, on_interval));
  }
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    running.push_back(run_worker(*workers_[i], *environment_.worker_loops[i], start_time_));
  }
  auto all_workers = when_all(std::move(running));
  co_await std::move(all_workers);
  const auto end = stop_reason_ ? control_loop.now() : std::max(last_end_, start_time_ + settings_.profile.length());
  report_.run_duration = std::max(end - start_time_, duration::zero());
}

void load_run::stop(std::string reason) {
  if (stop_reason_) return;
  stop_reason_ = std::move(reason);
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    asio::post(environment_.worker_loops[i]->get_executor(), [worker = workers_[i]] { worker->stop(); });
  }
}

void load_run::merge(std::size_t worker, worker_interval interval) {
  while (pending_intervals_.size() <= interval.index - first_pending_) {
    pending_intervals_.emplace_back(settings_.targets.size());
  }
  auto& merged = pending_intervals_[interval.index - first_pending_];
  interval.stats.for_each([&](std::size_t phase, std::size_t target, const request_stats& stats) {
    merged.target_stats[target].add(stats);
    report_.phases[phase].target_stats[target].add(stats);
    report_.phases[phase].totals.add(stats);
    report_.target_stats[target].add(stats);
    report_.totals.add(stats);
  });
  auto& report = merged.report;
  report.length = std::max(report.length, interval.length);
  report.in_flight += interval.in_flight;
  report.waiting += interval.waiting;
  if (interval.length > duration::zero()) {
    // The ratio can exceed 1, because the CPU clock is read slightly after the end of the interval.
    const auto cpu = static_cast<double>(interval.cpu_time.count()) / static_cast<double>(interval.length.count());
    report.busiest_worker_cpu = std::max(report.busiest_worker_cpu, std::min(cpu, 1.0));
  }
  worker_cpu_times_[worker] += interval.cpu_time;
  last_end_ = std::max(last_end_, interval.last_end);
  ++merged.worker_count;
  if (interval.is_last) last_intervals_.push_back(interval.index);
  while (!pending_intervals_.empty() && is_complete(pending_intervals_.front(), first_pending_)) {
    publish(pending_intervals_.front());
    pending_intervals_.pop_front();
    ++first_pending_;
  }
}

/// A worker that has ended does not report later intervals.
bool load_run::is_complete(const merged_interval& interval, std::size_t index) const noexcept {
  const auto ended_worker_count =
      std::count_if(last_intervals_.begin(), last_intervals_.end(), [&](std::size_t last) { return last < index; });
  return interval.worker_count + static_cast<std::size_t>(ended_worker_count) == workers_.size();
}

void load_run::publish(merged_interval& merged) {
  auto& interval = merged.report;
  interval.start = interval_length * static_cast<std::int64_t>(report_.intervals.size());
  interval.phase = settings_.profile.phase_at(interval.start);
  request_stats totals;
  for (const auto& stats : merged.target_stats) {
    interval.target_stats.push_back(summarize(stats));
    totals.add(stats);
  }
  // The remainder after the last full interval may be empty.
  const bool is_empty = totals.planned + totals.sent + total_count(totals.outcomes) == 0;
  if (is_empty && interval.length < interval_length) return;
  interval.totals = summarize(totals);
  const auto elapsed = std::max(interval.start + interval.length, duration{1});
  for (const auto cpu_time : worker_cpu_times_) {
    const auto cpu = static_cast<double>(cpu_time.count()) / static_cast<double>(elapsed.count());
    report_.generator.busiest_worker_cpu = std::max(report_.generator.busiest_worker_cpu, cpu);
  }
  report_.intervals.push_back(interval);
  for (const auto& handler : interval_handlers_) handler(report_, report_.intervals.back());
  check_abort_objectives();
}

void load_run::check_abort_objectives() {
  if (stop_reason_) return;
  for (const auto& objective : settings_.abort_objectives) {
    std::uint64_t planned = 0;
    for (std::size_t i = 0; i < report_.targets.size(); ++i) {
      const bool is_covered = objective.target.empty() || objective.target == report_.targets[i].name;
      planned += is_covered ? planned_by_target_[i] : 0;
    }
    if (planned == 0 || !is_infeasible(objective, report_.stats_of(objective.target), planned)) continue;
    stop("Ended early: " + objective.text + " can no longer be met.");
    return;
  }
}

}  // namespace cohort::loadgen
