#include "loadgen/load_run.hpp"

#include <algorithm>

#include "core/runtime/run_on.hpp"
#include "core/runtime/when_all.hpp"

namespace cohort::loadgen {
namespace {

/// For all workers to be ready before the first request.
constexpr duration lead = std::chrono::milliseconds{20};

interval_tally shown(const tally& of) {
  interval_tally brief;
  brief.planned = of.planned;
  brief.sent = of.sent;
  brief.answered = answers(of.outcomes);
  brief.ended = total(of.outcomes);
  brief.failed = brief.ended - successes(of.outcomes);
  const auto& response = of.response.known();
  brief.p50_us = response.percentile(50);
  brief.p90_us = response.percentile(90);
  brief.p99_us = response.percentile(99);
  brief.max_us = response.max();
  return brief;
}

/// How many requests of the whole plan are each target's.
std::vector<std::uint64_t> planned_by_target(const load_settings& settings) {
  const rotation order{settings.targets};
  std::vector<std::uint64_t> planned(settings.targets.size());
  const auto all = settings.closed_loop ? 0 : settings.schedule.requests();
  for (std::size_t i = 0; i < order.period(); ++i) {
    planned[order.target_of(i)] += all / order.period() + (i < all % order.period() ? 1 : 0);
  }
  return planned;
}

task<> run_worker(worker& each, loop& home, time_point start) { co_await run_on(home, each.run(start)); }

}  // namespace

/// An interval of which not all workers have told yet.
struct load_run::merging_interval {
  explicit merging_interval(std::size_t count) : targets(count) {}
  std::vector<tally> targets;
  interval times;
  std::size_t told = 0;
};

load_run::load_run(const stage& where, const load_settings& settings)
    : stage_(where),
      settings_(settings),
      cpu_of_worker_(where.workers.size()),
      planned_for_target_(planned_by_target(settings)),
      start_(where.control.now() + lead) {
  for (const auto& each : settings.targets) {
    target_description described;
    described.name = each.name;
    described.method = std::string{boost::beast::http::to_string(each.request.verb)};
    described.url = std::string{each.request.url.buffer()};
    described.weight = each.weight;
    found_.targets.push_back(std::move(described));
  }
  for (const auto& each : settings.schedule.phases()) {
    phase_report of;
    of.name = each.name;
    of.start = each.start;
    of.length = each.length;
    of.targets.resize(settings.targets.size());
    found_.phases.push_back(std::move(of));
  }
  found_.by_target.resize(settings.targets.size());
  found_.closed_loop = settings.closed_loop;
  found_.planned_length = settings.schedule.length();
  found_.deadline = settings.time_limit;
  found_.generator.threads = static_cast<unsigned>(where.workers.size());
  found_.generator.connections = static_cast<unsigned>(settings.connections);
  const auto seconds = std::chrono::duration<double>(settings.schedule.length()).count();
  if (!settings.closed_loop && seconds > 0) {
    found_.planned_per_second = static_cast<double>(settings.schedule.requests()) / seconds;
  }
}

load_run::~load_run() = default;

task<> load_run::run() {
  found_.started = stage_.control.wall_now();
  start_ = last_end_ = std::max(start_, stage_.control.now());
  for (std::size_t i = 0; i < stage_.workers.size(); ++i) {
    auto tell = [this, i](interval_part part) {
      asio::post(stage_.control.get_executor(),
                 [this, i, told = std::move(part)]() mutable { collect(i, std::move(told)); });
    };
    workers_.push_back(std::make_shared<worker>(*stage_.workers[i], stage_.reach, settings_,
                                                worker::place{i, stage_.workers.size()}, stage_.cpu_time, tell));
  }
  std::vector<task<>> all;
  all.reserve(workers_.size());
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    all.push_back(run_worker(*workers_[i], *stage_.workers[i], start_));
  }
  auto running = when_all(std::move(all));
  co_await std::move(running);
  const auto ended = stop_reason_ ? stage_.control.now() : std::max(last_end_, start_ + settings_.schedule.length());
  found_.took = std::max(ended - start_, duration::zero());
}

void load_run::stop(std::string why) {
  if (stop_reason_) return;
  stop_reason_ = std::move(why);
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    asio::post(stage_.workers[i]->get_executor(), [each = workers_[i]] { each->stop(); });
  }
}

void load_run::collect(std::size_t worker, interval_part part) {
  while (merging_.size() <= part.number - first_merging_) merging_.emplace_back(settings_.targets.size());
  auto& merged = merging_[part.number - first_merging_];
  part.tallies.for_each([&](std::size_t phase, std::size_t target, const tally& of) {
    merged.targets[target].add(of);
    auto& its_phase = found_.phases[phase];
    its_phase.targets[target].add(of);
    its_phase.all.add(of);
    found_.by_target[target].add(of);
    found_.all.add(of);
  });
  merged.times.length = std::max(merged.times.length, part.length);
  merged.times.in_flight += part.in_flight;
  merged.times.waiting += part.waiting;
  if (part.length > duration::zero()) {
    // The clock was read a little later than the interval's end.
    const auto share = std::min(static_cast<double>(part.cpu.count()) / static_cast<double>(part.length.count()), 1.0);
    merged.times.busiest_worker_cpu = std::max(merged.times.busiest_worker_cpu, share);
  }
  cpu_of_worker_[worker] += part.cpu;
  last_end_ = std::max(last_end_, part.last_end);
  ++merged.told;
  if (part.last) last_intervals_.push_back(part.number);
  while (!merging_.empty() && all_told(merging_.front(), first_merging_)) {
    finish_interval(merging_.front());
    merging_.pop_front();
    ++first_merging_;
  }
}

/// A worker that had nothing left to do tells of no more intervals.
bool load_run::all_told(const merging_interval& of, std::size_t number) const noexcept {
  const auto ended_before =
      std::count_if(last_intervals_.begin(), last_intervals_.end(), [&](std::size_t last) { return last < number; });
  return of.told + static_cast<std::size_t>(ended_before) == workers_.size();
}

void load_run::finish_interval(merging_interval& merged) {
  auto& shown_now = merged.times;
  shown_now.start = interval_length * static_cast<std::int64_t>(found_.intervals.size());
  shown_now.phase = settings_.schedule.phase_at(shown_now.start);
  tally all;
  for (const auto& each : merged.targets) {
    shown_now.targets.push_back(shown(each));
    all.add(each);
  }
  // What is left after the last whole second may be no time at all.
  if (all.planned + all.sent + total(all.outcomes) == 0 && shown_now.length < interval_length) return;
  shown_now.all = shown(all);
  const auto so_far = shown_now.start + shown_now.length;
  for (const auto spent : cpu_of_worker_) {
    const auto share = static_cast<double>(spent.count()) / static_cast<double>(std::max(so_far, duration{1}).count());
    found_.generator.busiest_worker_cpu = std::max(found_.generator.busiest_worker_cpu, share);
  }
  found_.intervals.push_back(shown_now);
  for (const auto& hear : listeners_) hear(found_, found_.intervals.back());
  check_objectives();
}

void load_run::check_objectives() {
  if (stop_reason_) return;
  for (const auto& each : settings_.abort_on) {
    const auto& of = tally_for(each, found_);
    std::uint64_t planned = 0;
    for (std::size_t i = 0; i < found_.targets.size(); ++i) {
      planned += each.target.empty() || each.target == found_.targets[i].name ? planned_for_target_[i] : 0;
    }
    if (planned == 0 || !is_lost(each, of, planned)) continue;
    aborted_ = true;
    stop("Ended early: " + each.text + " cannot be met any more.");
    return;
  }
}

const tally& tally_for(const objective& wanted, const report& of) {
  for (std::size_t i = 0; i < of.targets.size(); ++i)
    if (of.targets[i].name == wanted.target) return of.by_target[i];
  return of.all;
}

}  // namespace cohort::loadgen
