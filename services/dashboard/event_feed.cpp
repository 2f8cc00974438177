// SPDX-License-Identifier: BSL-1.0
#include "services/dashboard/event_feed.hpp"

#include <algorithm>
#include <charconv>

#include <cohort/json/parser.hpp>
#include "services/dashboard/requests/recorded_aggregate.hpp"

namespace cohort::dashboard {
namespace {

using namespace std::chrono_literals;

constexpr duration time_interval = 1s;
/// The page shows a failed service within 2 s.
constexpr duration aggregate_interval = 1500ms;
constexpr duration alerts_interval = 1s;
constexpr duration map_interval = 2s;
/// Parts of an aggregate that arrive within this time are sent in one write.
constexpr duration batch_window = 5ms;
/// Maximum number of concurrent aggregates, so that a slow service does not delay the next aggregates.
constexpr std::size_t max_aggregates_in_progress = 4;
/// The index of the complete aggregate, after the indices of its parts.
constexpr std::size_t complete_aggregate_index = 3;

/// The polls serve all subscribers, so they have no deadline.
constexpr call_context poll_context{.deadline = deadline::never(), .request_id = "events"};

constexpr std::string_view experiment_type = "experiment";
constexpr std::string_view request_type = "request";

http::server_event to_server_event(std::string_view type, std::string_view json) {
  return {.data = json::minify(json), .type = std::string{type}};
}

}  // namespace

event_feed::feed_event event_feed::event(std::string_view type, std::string_view json) {
  return format(to_server_event(type, json));
}

/// Keeps the polls running.
class event_feed::subscription {
 public:
  explicit subscription(event_feed& feed) : feed_(feed) {
    {
      const std::lock_guard lock{feed_.mutex_};
      ++feed_.subscriber_count_;
    }
    feed_.start_polling();
  }
  ~subscription() {
    const std::lock_guard lock{feed_.mutex_};
    --feed_.subscriber_count_;
  }
  subscription(const subscription&) = delete;
  subscription& operator=(const subscription&) = delete;

 private:
  event_feed& feed_;
};

/// Marks a poll as stopped in its destructor, even after an exception.
class event_feed::running_poll {
 public:
  running_poll(event_feed& feed, poll source) : feed_(feed), state_(feed.polls_.at(index_of(source))) {}
  ~running_poll() {
    const std::lock_guard lock{feed_.mutex_};
    if (!has_ended_) end();
  }
  running_poll(const running_poll&) = delete;
  running_poll& operator=(const running_poll&) = delete;

  /// Returns false if there are no subscribers; the next subscriber starts another poll.
  bool should_continue() {
    const std::lock_guard lock{feed_.mutex_};
    if (feed_.subscriber_count_ > 0) return true;
    end();
    return false;
  }

 private:
  void end() {
    has_ended_ = true;
    state_.is_running = false;
    // Later subscribers must not receive these events, because they are outdated.
    state_.latest.clear();
  }

  event_feed& feed_;
  poll_state& state_;
  bool has_ended_ = false;
};

/// Counts an aggregate in progress.
struct event_feed::running_aggregate {
  explicit running_aggregate(event_feed& owner) : feed(owner) {}
  ~running_aggregate() {
    const std::lock_guard lock{feed.mutex_};
    --feed.aggregates_in_progress_;
  }
  running_aggregate(const running_aggregate&) = delete;
  running_aggregate& operator=(const running_aggregate&) = delete;

  event_feed& feed;
};

void event_feed::start_polling() {
  std::array<bool, 4> starts{};
  {
    const std::lock_guard lock{mutex_};
    for (std::size_t i = 0; i < polls_.size(); ++i) starts.at(i) = !std::exchange(polls_.at(i).is_running, true);
    // The first subscribers receive the current alerts.
    if (starts.at(index_of(poll::alerts))) alerts_revision_ = alert_store_->revision(loop::current().now());
  }
  // Releases the lock first, because a poll may run immediately.
  if (starts.at(index_of(poll::alerts))) background_.spawn(poll_alerts(shared_from_this()));
  if (starts.at(index_of(poll::time))) background_.spawn(poll_time(shared_from_this()));
  if (starts.at(index_of(poll::aggregate))) background_.spawn(poll_aggregates(shared_from_this()));
  if (starts.at(index_of(poll::map))) background_.spawn(poll_map(shared_from_this()));
}

void event_feed::publish(poll source, std::vector<feed_event> latest) {
  {
    // Stores the latest events before sending them, so that a new subscriber receives an event twice instead of missing
    // it.
    const std::lock_guard lock{mutex_};
    auto& state = polls_.at(index_of(source));
    if (state.is_running) state.latest = latest;
  }
  for (auto& each : latest) events_.publish(std::move(each));
}

std::string event_feed::alerts_body() {
  const auto& loop = loop::current();
  return alerts_json(alert_store_->read(loop.now()), loop.wall_now());
}

task<> event_feed::poll_time(std::shared_ptr<event_feed> self) {
  running_poll running{*self, poll::time};
  while (running.should_continue()) {
    const auto start = loop::current().now();
    auto call_task = self->aggregator_->fetch_time(poll_context);
    const auto time = co_await std::move(call_task);
    std::vector<feed_event> latest;
    latest.push_back(event("time", time.body.empty() ? time_error_body(time) : time.body));
    self->publish(poll::time, std::move(latest));
    auto pause = sleep_until(deadline::after(start, time_interval));
    co_await std::move(pause);
  }
}

task<> event_feed::poll_aggregates(std::shared_ptr<event_feed> self) {
  running_poll running{*self, poll::aggregate};
  while (running.should_continue()) {
    const auto start = loop::current().now();
    std::uint64_t number = 0;
    {
      const std::lock_guard lock{self->mutex_};
      if (self->aggregates_in_progress_ < max_aggregates_in_progress) {
        ++self->aggregates_in_progress_;
        number = ++self->aggregate_count_;
      }
    }
    if (number != 0) self->background_.spawn(publish_aggregate(self, number));
    auto pause = sleep_until(deadline::after(start, aggregate_interval));
    co_await std::move(pause);
  }
}

/// Calls the services, publishes each response when it arrives, and then publishes the aggregate and the record of its
/// calls.
task<> event_feed::publish_aggregate(std::shared_ptr<event_feed> self, std::uint64_t number) {
  const running_aggregate running{*self};
  self->events_.publish(event("poll", self->aggregator_->poll_json(number)));
  aggregator::part_observer observer = [&feed = *self, number](std::size_t index, std::string_view service,
                                                               const part& part) {
    feed.publish_part(number, index, service, part);
  };
  auto call_task = record_aggregate(self->aggregator_, "events", std::move(observer));
  auto recorded = co_await std::move(call_task);
  const auto recorded_number = self->requests_.add(recorded.request);
  auto request = self->request_event(recorded_number, recorded.request);
  self->events_.publish(event("history", self->history_->latest(loop::current().now())));
  bool is_latest = false;
  {
    const std::lock_guard lock{self->mutex_};
    if ((is_latest = self->published_numbers_[complete_aggregate_index] < number))
      self->published_numbers_[complete_aggregate_index] = number;
  }
  if (!is_latest) {
    // Responses to later calls have already been published.
    self->events_.publish(std::move(request));
    co_return;
  }
  std::vector<feed_event> latest;
  latest.push_back(event("aggregate", recorded.result.body));
  latest.push_back(std::move(request));
  self->publish(poll::aggregate, std::move(latest));
}

void event_feed::publish_part(std::uint64_t number, std::size_t index, std::string_view service, const part& part) {
  {
    const std::lock_guard lock{mutex_};
    // The response to a later call is more recent.
    if (published_numbers_.at(index) > number) return;
    published_numbers_.at(index) = number;
  }
  events_.publish(event("part", part_json(number, service, part)));
}

void event_feed::publish_weather(std::string body) {
  std::uint64_t number = 0;
  {
    const std::lock_guard lock{mutex_};
    number = aggregate_count_;
  }
  part part;
  part.state = part_state::fresh;
  part.body = std::move(body);
  events_.publish(event("part", part_json(number, "weather_service", part)));
}

task<> event_feed::poll_alerts(std::shared_ptr<event_feed> self) {
  running_poll running{*self, poll::alerts};
  while (running.should_continue()) {
    // Reads the revision before the body, so that a change in between is published twice instead of being missed.
    const auto revision = self->alert_store_->revision(loop::current().now());
    bool has_changed = false;
    {
      const std::lock_guard lock{self->mutex_};
      has_changed = std::exchange(self->alerts_revision_, revision) != revision;
    }
    if (has_changed) self->events_.publish(event("alerts", self->alerts_body()));
    auto pause = sleep_for(alerts_interval);
    co_await std::move(pause);
  }
}

task<> event_feed::poll_map(std::shared_ptr<event_feed> self) {
  running_poll running{*self, poll::map};
  while (running.should_continue()) {
    const auto start = loop::current().now();
    auto read_task = self->map_->next_json();
    const auto json = co_await std::move(read_task);
    std::vector<feed_event> latest;
    latest.push_back(event("map", json));
    self->publish(poll::map, std::move(latest));
    auto pause = sleep_until(deadline::after(start, map_interval));
    co_await std::move(pause);
  }
}

event_feed::feed_event event_feed::request_event(std::uint64_t number, std::string_view json) const {
  auto created = to_server_event(request_type, json);
  created.id = instance_ + "-" + std::to_string(number);
  return format(created);
}

std::vector<event_feed::feed_event> event_feed::first_events(std::string_view last_event_id) {
  std::optional<std::uint64_t> last;
  if (last_event_id.starts_with(instance_ + "-")) {
    const auto digits = last_event_id.substr(instance_.size() + 1);
    std::uint64_t number = 0;
    const auto* const end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, number);
    if (error == std::errc{} && stop == end) last = number;
  }
  std::vector<feed_event> first;
  {
    const std::lock_guard lock{mutex_};
    for (const auto& state : polls_) {
      std::ranges::copy_if(state.latest, std::back_inserter(first),
                           [&](const feed_event& each) { return !last || each.type != request_type; });
    }
  }
  if (last) {
    for (const auto& [number, json] : requests_.after(*last)) first.push_back(request_event(number, json));
  }
  first.push_back(event("alerts", alerts_body()));
  return first;
}

void event_feed::publish_experiment(std::string_view json) { events_.publish(event(experiment_type, json)); }

task<std::string> event_feed::collect_batch(broadcast<feed_event>::subscription& source,
                                            std::shared_ptr<const feed_event> first, bool has_experiments) {
  std::string text;
  const auto add = [&](const feed_event& each) {
    if (has_experiments || each.type != experiment_type) text += each.text;
  };
  auto pause = sleep_for(batch_window);
  co_await std::move(pause);
  add(*first);
  while (source.is_ready()) {
    auto receive_task = source.next();
    const auto next = co_await std::move(receive_task);
    if (!next) break;
    add(**next);
  }
  co_return text;
}

task<> event_feed::serve(std::shared_ptr<event_feed> self, http::event_stream& events, subscriber options) {
  auto source = self->events_.subscribe();
  const subscription counted{*self};
  std::string text;
  for (const auto& each : self->first_events(events.last_event_id())) text += each.text;
  if (options.experiment) text += event(experiment_type, options.experiment()).text;
  for (;;) {
    if (!text.empty()) {
      auto send_task = events.send_formatted(std::move(text));
      if (!co_await std::move(send_task)) co_return;
    }
    auto wait_task = events.next<feed_event>(source);
    auto next = co_await std::move(wait_task);
    if (!next) break;
    auto collect_task = collect_batch(source, std::move(next), options.experiment != nullptr);
    text = co_await std::move(collect_task);
    if (options.is_authorized && !options.is_authorized()) break;
  }
  http::server_event bye{.data = "{}", .type = "bye"};
  auto send_task = events.send(std::move(bye));
  co_await std::move(send_task);
}

}  // namespace cohort::dashboard
