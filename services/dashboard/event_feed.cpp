// SPDX-License-Identifier: BSL-1.0
#include "services/dashboard/event_feed.hpp"

#include <cohort/json/parser.hpp>
#include <cohort/runtime/concurrency/race.hpp>
#include <cohort/telemetry/server_timing.hpp>

namespace cohort::dashboard {
namespace {

using namespace std::chrono_literals;

constexpr duration time_interval = 1s;
constexpr duration aggregate_interval = 5s;
constexpr duration alerts_interval = 1s;
/// Below the idle timeout of common proxies. A write also detects a client that has disappeared.
constexpr duration keep_alive_interval = 15s;

/// The polls serve all subscribers; none of them has a deadline.
constexpr call_context poll_context{.deadline = deadline::never(), .request_id = "events"};

task<wait_status> wait_on(wait_queue& queue) { co_return co_await queue.wait(); }

}  // namespace

/// Marks a slot as no longer polled, even after an exception.
class event_feed::polling_guard {
 public:
  explicit polling_guard(event_slot& slot) : slot_(slot) {}
  ~polling_guard() { slot_.is_polled = false; }
  polling_guard(const polling_guard&) = delete;
  polling_guard& operator=(const polling_guard&) = delete;

 private:
  event_slot& slot_;
};

class event_feed::subscription {
 public:
  explicit subscription(event_feed& feed) : feed_(feed) { ++feed_.subscribers_; }
  ~subscription() { --feed_.subscribers_; }
  subscription(const subscription&) = delete;
  subscription& operator=(const subscription&) = delete;

 private:
  event_feed& feed_;
};

/// The versions that one subscriber has received.
struct event_feed::cursor {
  /// A new subscriber is not sent events of an earlier poll that has stopped: they look new but are not.
  explicit cursor(const event_feed& feed) : alerts(feed.alerts_.version) {
    const auto now = loop::current().now();
    if (now - feed.time_.published >= 2 * time_interval) time = feed.time_.version;
    if (now - feed.aggregate_.published >= 2 * aggregate_interval) {
      aggregate = feed.aggregate_.version;
      request = feed.request_.version;
    }
  }

  /// The events published since the last call.
  std::string consume_new(const event_feed& feed) {
    return consume_new(time, feed.time_) + consume_new(aggregate, feed.aggregate_) +
           consume_new(request, feed.request_) + consume_new(alerts, feed.alerts_);
  }

  static std::string consume_new(std::uint64_t& version, const event_slot& slot) {
    return std::exchange(version, slot.version) == slot.version ? std::string{} : slot.text;
  }

  std::uint64_t time = 0;
  std::uint64_t aggregate = 0;
  std::uint64_t request = 0;
  std::uint64_t alerts = 0;
};

void event_feed::publish(event_slot& slot, std::string_view name, std::string_view json) {
  slot.text = http::sse_event(name, json::minify(json));
  slot.published = loop::current().now();
  ++slot.version;
  published_.notify_all();
}

std::string event_feed::alerts_body() {
  const auto& loop = loop::current();
  return alert_store_->body(loop.now(), loop.wall_now());
}

void event_feed::start_polling() {
  if (!std::exchange(alerts_.is_polled, true)) background_.spawn(poll_alerts(shared_from_this()));
  if (!std::exchange(time_.is_polled, true)) background_.spawn(poll_time(shared_from_this()));
  if (!std::exchange(aggregate_.is_polled, true)) background_.spawn(poll_aggregate(shared_from_this()));
}

task<> event_feed::poll_time(std::shared_ptr<event_feed> self) {
  const polling_guard guard{self->time_};
  while (self->subscribers_ > 0) {
    const auto started = loop::current().now();
    const auto time = co_await self->aggregator_->fetch_time(poll_context);
    self->publish(self->time_, "time", time.body.empty() ? time_error_body(time) : time.body);
    auto pause = sleep_until(deadline::after(started, time_interval));
    co_await std::move(pause);
  }
}

/// Calls the services, and publishes their responses and the record of the calls.
task<> event_feed::publish_aggregate() {
  auto& event_loop = loop::current();
  // Outlives `timing`, and is too large for the frame of a coroutine.
  const auto record = std::make_unique<telemetry::request_record>();
  record->reset(event_loop.now(), event_loop.wall_now());
  record->trace = telemetry::start_trace(event_loop.random());
  record->route = "events";
  telemetry::server_timing timing;
  timing.recording().attach(*record);
  auto context = poll_context;
  context.timing = &timing;
  context.trace = record->trace;
  auto calling = aggregator_->aggregate(context);
  const auto result = co_await std::move(calling);
  record->ended = event_loop.now();
  publish(aggregate_, "aggregate", result.body);
  auto json = request_json(*record, result.calls);
  publish(request_, "request", json);
  requests_->add(std::move(json));
}

task<> event_feed::poll_aggregate(std::shared_ptr<event_feed> self) {
  const polling_guard guard{self->aggregate_};
  while (self->subscribers_ > 0) {
    const auto started = loop::current().now();
    auto publishing = self->publish_aggregate();
    co_await std::move(publishing);
    auto pause = sleep_until(deadline::after(started, aggregate_interval));
    co_await std::move(pause);
  }
}

task<> event_feed::poll_alerts(std::shared_ptr<event_feed> self) {
  const polling_guard guard{self->alerts_};
  while (self->subscribers_ > 0) {
    // Read before the body: a change between the two is published twice rather than never.
    const auto revision = self->alert_store_->revision(loop::current().now());
    if (std::exchange(self->alerts_revision_, revision) != revision) {
      self->publish(self->alerts_, "alerts", self->alerts_body());
    }
    auto pause = sleep_for(alerts_interval);
    co_await std::move(pause);
  }
}

task<> event_feed::serve(std::shared_ptr<event_feed> self, http::body_writer& writer, authorization is_authorized) {
  const subscription counted{*self};
  self->start_polling();
  cursor position{*self};
  auto first = ": welcome\n\n" + http::sse_event("alerts", self->alerts_body());
  if (!co_await writer.write(std::move(first))) co_return;
  while (!writer.draining() && (!is_authorized || is_authorized())) {
    auto events = position.consume_new(*self);
    if (!events.empty()) {
      if (!co_await writer.write(std::move(events))) co_return;
      continue;  // more may have been published during the write
    }
    const auto winner = co_await race(writer.pause(keep_alive_interval), wait_on(self->published_));
    const auto* pause = std::get_if<0>(&winner);
    if (pause && *pause == wait_status::timed_out && !co_await writer.write(": keep-alive\n\n")) co_return;
  }
  co_await writer.write(http::sse_event("bye", "{}"));
  writer.mark_complete();
}

}  // namespace cohort::dashboard
