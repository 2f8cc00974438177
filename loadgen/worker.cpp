#include "loadgen/worker.hpp"

namespace cohort::loadgen {
namespace {

/// So many late requests start in a row; then those whose answers are there get their turn. Those of one moment are
/// one.
constexpr unsigned most_in_a_row = 256;

/// A fault of the generator's own. A figure made by the rest of it would be a lie.
[[noreturn]] void end_with(const std::exception_ptr& why) {
  std::fprintf(stderr, "loadgen: internal error: %s\n", what_of(why).c_str());
  std::abort();
}

}  // namespace

worker::worker(loop& home, net::network& reach, const load_settings& settings, place where,
               std::function<duration()> cpu_time, listener tell)
    : home_(home),
      settings_(settings),
      where_(where),
      rotation_(settings.targets),
      arrivals_(settings.schedule, settings.spread, settings.seed, where.index, where.of),
      cpu_time_(std::move(cpu_time)),
      tell_(std::move(tell)),
      connector_(reach),
      recorder_(settings.schedule.phases().size(), settings.targets.size()),
      connections_(end_with),
      telling_(end_with),
      shared_{home, settings, recorder_, connector_, connections_} {
  for (std::size_t i = 0; i < settings.targets.size(); ++i) {
    const auto share = rotation_.share(i, settings.connections, where.index, where.of);
    lanes_.push_back(std::make_unique<lane>(shared_, settings.targets[i], i, share));
  }
}

task<> worker::run(time_point start) {
  cpu_told_ = cpu_time_();
  interval_start_ = start;
  telling_.spawn(tell_each_interval(start));
  co_await start_requests(start);
  co_await wait_for_end_of_plan(start);
  co_await wait_until_idle();
  for (auto& each : lanes_) each->finish();
  telling_.cancel();
  co_await telling_.join();
  co_await connections_.join();
  tell_interval(home_.now(), true);
}

task<> worker::start_requests(time_point start) {
  if (settings_.closed_loop) {
    auto waiting = stopped_.wait(deadline{start});
    co_await std::move(waiting);
    if (shared_.stopping) co_return;
    shared_.closes_at = start + settings_.schedule.length();
    for (auto& each : lanes_) each->open_all();
    co_return;
  }
  unsigned in_a_row = 0;
  time_point last{};
  while (const auto next = arrivals_.next()) {
    const auto intended = start + next->at;
    if (intended > home_.now()) {
      in_a_row = 0;
      auto waiting = stopped_.wait(deadline{intended});
      co_await std::move(waiting);
    } else if (intended != last && ++in_a_row == most_in_a_row) {
      in_a_row = 0;
      auto turn = take_turn();
      co_await std::move(turn);
    }
    if (shared_.stopping) {
      count_overdue(start, *next);
      co_return;
    }
    last = intended;
    lanes_[rotation_.target_of(next->index)]->start({intended, home_.now(), next->phase});
  }
}

/// Those that should have started by now, had the generator not been late when it was stopped.
void worker::count_overdue(time_point start, arrival next) {
  const auto now = home_.now();
  for (std::optional<arrival> each = next; each && start + each->at <= now; each = arrivals_.next()) {
    auto& of = recorder_.of(each->phase, rotation_.target_of(each->index));
    ++of.planned;
    ++of.outcomes[static_cast<std::size_t>(outcome::unsent)];
    of.response.record_at_least(now - (start + each->at));
    of.dispatch_lag.record(now - (start + each->at));
  }
}

/// The last requests may be done before it; what is said per second is about all of it.
task<> worker::wait_for_end_of_plan(time_point start) {
  if (shared_.stopping) co_return;
  auto waiting = stopped_.wait(deadline{start + settings_.schedule.length()});
  co_await std::move(waiting);
  // The interval that ends at this very moment is told of first.
  auto turn = take_turn();
  co_await std::move(turn);
}

task<> worker::wait_until_idle() {
  while (shared_.outstanding > 0 && !shared_.stopping) {
    auto waiting = shared_.idle.wait();
    co_await std::move(waiting);
  }
}

void worker::stop() {
  if (shared_.stopping) return;
  shared_.stopping = true;
  for (auto& each : lanes_) each->finish();
  connections_.cancel();
  stopped_.notify_all();
  shared_.idle.notify_all();
}

task<> worker::tell_each_interval(time_point start) {
  for (std::size_t number = 1;; ++number) {
    const auto end = start + interval_length * static_cast<std::int64_t>(number);
    auto sleeping = sleep_until(deadline{end});
    if (co_await std::move(sleeping) == wait_status::cancelled) co_return;
    for (auto& each : lanes_) each->drop_expired();
    tell_interval(end);
  }
}

void worker::tell_interval(time_point end, bool last) {
  interval_part part{recorder_.take()};
  part.last = last;
  part.number = intervals_told_++;
  part.length = std::max(end - interval_start_, duration::zero());
  part.in_flight = shared_.in_flight;
  for (const auto& each : lanes_) part.waiting += each->waiting();
  const auto cpu = cpu_time_();
  part.cpu = cpu - std::exchange(cpu_told_, cpu);
  part.last_end = shared_.last_end;
  interval_start_ = end;
  tell_(std::move(part));
}

}  // namespace cohort::loadgen
