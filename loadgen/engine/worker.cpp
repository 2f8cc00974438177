// SPDX-License-Identifier: BSL-1.0
#include "loadgen/engine/worker.hpp"

#include <cstdio>
#include <cstdlib>

#include "loadgen/client/yield_to_loop.hpp"

namespace cohort::loadgen {
namespace {

/// An exception is a bug of the generator, and would make the statistics wrong.
[[noreturn]] void abort_with(const std::exception_ptr& error) {
  std::fprintf(stderr, "loadgen: internal error: %s\n", exception_message(error).c_str());
  std::abort();
}

}  // namespace

worker::worker(loop& event_loop, net::network& network, const load_settings& settings, worker_position position,
               std::function<duration()> thread_cpu_time, interval_handler on_interval)
    : loop_(event_loop),
      settings_(settings),
      thread_cpu_time_(std::move(thread_cpu_time)),
      on_interval_(std::move(on_interval)),
      connector_(network, {}, settings.tls),
      tracker_(event_loop, settings),
      connections_(abort_with),
      context_{event_loop, settings, tracker_, connector_, connections_},
      arrivals_(make_arrival_source(context_, position)) {
  context_.scheduler = arrivals_.get();
  const weighted_round_robin targets{settings.targets};
  for (std::size_t i = 0; i < settings.targets.size(); ++i) {
    const auto connections = targets.worker_connections(i, settings.connections, position.index, position.count);
    clients_.push_back(std::make_unique<target_client>(context_, i, connections));
  }
}

task<> worker::run(time_point start) {
  reported_cpu_time_ = thread_cpu_time_();
  interval_start_ = start;
  interval_timer_.emplace(context_.event_loop.timers(), this);
  interval_timer_->arm(start + interval_length);
  co_await arrivals_->run(clients_, start);
  co_await wait_for_profile_end(start);
  co_await wait_until_idle();
  for (auto& client : clients_) client->close();
  // The timer must be destroyed on its loop; the worker is destroyed on another thread.
  interval_timer_.reset();
  co_await connections_.join();
  report_interval(loop_.now(), true);
}

/// Waits even if the last requests have ended, because rates refer to the duration of the complete profile.
task<> worker::wait_for_profile_end(time_point start) {
  if (context_.is_stopping) co_return;
  auto wait_task = stopped_.wait(deadline{start + settings_.profile.length()});
  co_await std::move(wait_task);
  // Yields, so that an interval that ends now is reported first.
  auto yield_task = yield_to_loop();
  co_await std::move(yield_task);
}

task<> worker::wait_until_idle() {
  while (tracker_.outstanding() > 0 && !context_.is_stopping) {
    auto wait_task = tracker_.idle().wait();
    co_await std::move(wait_task);
  }
}

void worker::stop() {
  if (context_.is_stopping) return;
  context_.is_stopping = true;
  for (auto& client : clients_) client->close();
  connections_.cancel();
  arrivals_->stop();
  stopped_.notify_all();
  tracker_.idle().notify_all();
}

/// Runs as a timer callback instead of a coroutine, so that an interval is reported before the requests at its end are
/// started.
void worker::on_interval_end() { end_interval(); }

/// `noexcept`, because an exception would be a bug of the generator.
void worker::end_interval() noexcept {
  const auto end = interval_start_ + interval_length;
  for (auto& client : clients_) client->expire_waiting_requests();
  report_interval(end);
  interval_timer_->arm(end + interval_length);
}

void worker::report_interval(time_point end, bool is_last) {
  worker_interval interval{tracker_.take_interval()};
  interval.index = interval_count_++;
  interval.length = std::max(end - interval_start_, duration::zero());
  interval.in_flight = tracker_.in_flight();
  for (const auto& client : clients_) interval.waiting += client->waiting_count();
  const auto cpu_time = thread_cpu_time_();
  interval.cpu_time = cpu_time - std::exchange(reported_cpu_time_, cpu_time);
  interval.last_end = tracker_.last_end();
  interval.is_last = is_last;
  interval_start_ = end;
  on_interval_(std::move(interval));
}

}  // namespace cohort::loadgen
