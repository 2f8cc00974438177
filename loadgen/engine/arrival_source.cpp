// SPDX-License-Identifier: BSL-1.0
#include "loadgen/engine/arrival_source.hpp"

#include <exception>

namespace cohort::loadgen {
namespace {

/// Starts requests by the load profile, from the callback of a timer. A coroutine that sleeps until each arrival would
/// need an allocation and an additional iteration of the loop per request.
class open_loop_source final : public arrival_source {
 public:
  open_loop_source(client_context& context, worker_position worker)
      : arrival_source(context),
        arrivals_(context.settings.profile, context.settings.arrivals, context.settings.seed, worker.index,
                  worker.count),
        targets_(context.settings.targets) {}

  task<> run(client_list& clients, time_point start) override {
    clients_ = &clients;
    start_ = start;
    arrival_timer_.emplace(context_.event_loop.timers(), this);
    next_ = arrivals_.next();
    start_due_requests();
    while (next_ && !context_.is_stopping) {
      auto wait_task = stopped_.wait();
      co_await std::move(wait_task);
    }
    // The timer must be destroyed on its loop; the source is destroyed on another thread.
    arrival_timer_.reset();
    count_overdue();
  }

  /// A free connection sends only submitted requests.
  std::optional<scheduled_request> on_connection_free(std::size_t, request_outcome) override { return std::nullopt; }

 private:
  /// Maximum number of consecutive late requests with different start times before the loop handles responses.
  static constexpr unsigned max_consecutive_late = 256;

  /// Starts the requests whose start time has passed, and sets the timer for the next request. `noexcept`, because an
  /// exception would be a bug of the generator.
  void start_due_requests() noexcept {
    unsigned consecutive_late = 0;
    time_point previous{};
    for (; next_ && !context_.is_stopping; next_ = arrivals_.next()) {
      const auto intended_start = start_ + next_->offset;
      if (intended_start > context_.event_loop.now()) return arrival_timer_->arm(intended_start);
      if (intended_start != previous && ++consecutive_late > max_consecutive_late)
        return arrival_timer_->arm(context_.event_loop.now());
      previous = intended_start;
      const auto target = targets_.target_of(next_->index);
      (*clients_)[target]->submit(schedule(target, next_->phase, intended_start));
    }
    stopped_.notify_all();
  }

  void on_arrival_due() { start_due_requests(); }

  void count_overdue() {
    const auto now = context_.event_loop.now();
    for (; next_ && start_ + next_->offset <= now; next_ = arrivals_.next()) {
      const auto target = targets_.target_of(next_->index);
      context_.tracker.on_unsent(schedule(target, next_->phase, start_ + next_->offset));
    }
  }

  arrival_sequence arrivals_;
  weighted_round_robin targets_;
  client_list* clients_ = nullptr;
  time_point start_{};
  /// The next arrival; empty after the last one.
  std::optional<arrival> next_;
  /// Set during `run`.
  std::optional<bound_timer<&open_loop_source::on_arrival_due>> arrival_timer_;
};

/// Starts a request on each connection, and the next request when the previous one has ended.
class closed_loop_source final : public arrival_source {
 public:
  explicit closed_loop_source(client_context& context)
      : arrival_source(context), pauses_([](const std::exception_ptr& error) { std::rethrow_exception(error); }) {}

  task<> run(client_list& clients, time_point start) override {
    clients_ = &clients;
    co_await wait_until(start);
    if (context_.is_stopping) co_return;
    end_ = start + context_.settings.profile.length();
    for (std::size_t target = 0; target < clients.size(); ++target) {
      for (std::size_t i = 0; i < clients[target]->max_connections(); ++i) submit_now(target);
    }
    co_await wait_until(end_);
    pauses_.cancel();
    co_await pauses_.join();
  }

  std::optional<scheduled_request> on_connection_free(std::size_t target, request_outcome last_outcome) override {
    if (has_ended()) return std::nullopt;
    if (is_response(last_outcome)) return schedule(target, 0, context_.event_loop.now());
    pauses_.spawn(submit_after_pause(target));
    return std::nullopt;
  }

 private:
  /// Limits the rate of requests to a server that refuses connections.
  static constexpr duration pause_after_failure = std::chrono::milliseconds{100};

  bool has_ended() const { return context_.is_stopping || context_.event_loop.now() >= end_; }

  void submit_now(std::size_t target) { (*clients_)[target]->submit(schedule(target, 0, context_.event_loop.now())); }

  task<> submit_after_pause(std::size_t target) {
    auto pause = sleep_for(pause_after_failure);
    const auto status = co_await std::move(pause);
    if (status != wait_status::cancelled && !has_ended()) submit_now(target);
  }

  task<> wait_until(time_point time) {
    if (context_.is_stopping) co_return;
    auto wait_task = stopped_.wait(deadline{time});
    co_await std::move(wait_task);
  }

  client_list* clients_ = nullptr;
  time_point end_{};
  task_group pauses_;
};

}  // namespace

scheduled_request arrival_source::schedule(std::size_t target, std::size_t phase, time_point intended_start) {
  scheduled_request request{target, phase, intended_start, context_.event_loop.now()};
  context_.tracker.on_scheduled(request);
  return request;
}

std::unique_ptr<arrival_source> make_arrival_source(client_context& context, worker_position worker) {
  if (context.settings.closed_loop) return std::make_unique<closed_loop_source>(context);
  return std::make_unique<open_loop_source>(context, worker);
}

std::optional<double> planned_rate(const load_settings& settings) {
  if (settings.closed_loop) return std::nullopt;
  const auto seconds = to_seconds(settings.profile.length());
  return seconds > 0 ? static_cast<double>(settings.profile.request_count()) / seconds : 0;
}

std::vector<std::uint64_t> planned_requests(const load_settings& settings) {
  std::vector<std::uint64_t> planned(settings.targets.size());
  const weighted_round_robin targets{settings.targets};
  const auto total = settings.closed_loop ? 0 : settings.profile.request_count();
  for (std::size_t i = 0; i < targets.period(); ++i) {
    planned[targets.target_of(i)] += total / targets.period() + (i < total % targets.period() ? 1 : 0);
  }
  return planned;
}

}  // namespace cohort::loadgen
