#include "services/dashboard/event_feed.hpp"

#include "core/json/reader.hpp"
#include "core/runtime/race.hpp"

namespace cohort::dashboard {
namespace {

using namespace std::chrono_literals;

constexpr duration time_interval = 1s;
constexpr duration aggregate_interval = 5s;
constexpr duration alerts_interval = 1s;
/// Proxies close what is silent; and a client that is gone is noticed.
constexpr duration keep_alive_interval = 15s;

/// On behalf of all subscribers, who have no deadline.
constexpr http::caller nobody_waiting{.until = deadline::never(), .id = "events"};

task<wait_status> wait_for(wait_queue& queue) { co_return co_await queue.wait(); }

}  // namespace

/// Says that nobody polls any more, however the polling ended.
class event_feed::polling {
 public:
  explicit polling(latest& of) : of_(of) {}
  ~polling() { of_.running = false; }
  polling(const polling&) = delete;
  polling& operator=(const polling&) = delete;

 private:
  latest& of_;
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

void event_feed::publish(latest& to, std::string_view name, std::string_view json) {
  to.text = http::sse_event(name, json::minified(json));
  to.made = loop::current().now();
  ++to.version;
  changed_.notify_all();
}

std::string event_feed::alerts_body() {
  const auto& here = loop::current();
  return store_->body(here.now(), here.wall_now());
}

void event_feed::start_polling() {
  if (!std::exchange(alerts_.running, true)) work_.spawn(poll_alerts(shared_from_this()));
  if (!std::exchange(time_.running, true)) work_.spawn(poll_time(shared_from_this()));
  if (!std::exchange(aggregate_.running, true)) work_.spawn(poll_aggregate(shared_from_this()));
}

task<> event_feed::poll_time(std::shared_ptr<event_feed> self) {
  const polling running{self->time_};
  while (self->subscribers_ > 0) {
    const auto started = loop::current().now();
    const auto got = co_await self->source_->time(nobody_waiting);
    self->publish(self->time_, "time", got.body.empty() ? time_error_body(got) : got.body);
    auto resting = sleep_until(deadline::after(started, time_interval));
    co_await std::move(resting);
  }
}

task<> event_feed::poll_aggregate(std::shared_ptr<event_feed> self) {
  const polling running{self->aggregate_};
  while (self->subscribers_ > 0) {
    const auto started = loop::current().now();
    const auto body = co_await self->source_->aggregate(nobody_waiting);
    self->publish(self->aggregate_, "aggregate", body);
    auto resting = sleep_until(deadline::after(started, aggregate_interval));
    co_await std::move(resting);
  }
}

task<> event_feed::poll_alerts(std::shared_ptr<event_feed> self) {
  const polling running{self->alerts_};
  while (self->subscribers_ > 0) {
    // Before the body: what changes between the two is then said twice, and not never.
    const auto revision = self->store_->revision(loop::current().now());
    if (std::exchange(self->alerts_revision_, revision) != revision) {
      self->publish(self->alerts_, "alerts", self->alerts_body());
    }
    auto resting = sleep_for(alerts_interval);
    co_await std::move(resting);
  }
}

task<> event_feed::serve(std::shared_ptr<event_feed> self, http::body_writer& out) {
  const subscription counted{*self};
  std::uint64_t seen_time = 0;
  std::uint64_t seen_aggregate = 0;
  self->start_polling();
  std::uint64_t seen_alerts = self->alerts_.version;
  // What is old when somebody comes is not sent: it would look like news.
  const auto now = loop::current().now();
  if (now - self->time_.made >= 2 * time_interval) seen_time = self->time_.version;
  if (now - self->aggregate_.made >= 2 * aggregate_interval) seen_aggregate = self->aggregate_.version;
  auto welcome = ": welcome\n\n" + http::sse_event("alerts", self->alerts_body());
  if (!co_await out.write(std::move(welcome))) co_return;
  while (!out.draining()) {
    std::string news;
    if (std::exchange(seen_time, self->time_.version) != self->time_.version) news += self->time_.text;
    if (std::exchange(seen_aggregate, self->aggregate_.version) != self->aggregate_.version)
      news += self->aggregate_.text;
    if (std::exchange(seen_alerts, self->alerts_.version) != self->alerts_.version) news += self->alerts_.text;
    if (!news.empty()) {
      if (!co_await out.write(std::move(news))) co_return;
      continue;  // more may have come meanwhile
    }
    const auto woken = co_await race(out.pause(keep_alive_interval), wait_for(self->changed_));
    const auto* pause = std::get_if<0>(&woken);
    if (pause && *pause == wait_status::timed_out && !co_await out.write(": keep-alive\n\n")) co_return;
  }
  co_await out.write(http::sse_event("bye", "{}"));
}

}  // namespace cohort::dashboard
