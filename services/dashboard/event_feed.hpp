// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include <cohort/http/server/content/event_stream.hpp>
#include <cohort/runtime/concurrency/broadcast.hpp>
#include "services/dashboard/aggregator.hpp"
#include "services/dashboard/alerts/alert_store.hpp"
#include "services/dashboard/map/service_map.hpp"
#include "services/dashboard/requests/call_history.hpp"
#include "services/dashboard/requests/request_history.hpp"

namespace cohort::dashboard {

/// The events of `/api/events` for the subscribers of all loops. The services and the alert store are polled once for
/// all subscribers, on the loop of the first subscriber, and only while there are subscribers. Thread-safe.
class event_feed : public std::enable_shared_from_this<event_feed> {
 public:
  /// Sources of the polled data.
  struct poll_sources {
    std::shared_ptr<aggregator> services;
    std::shared_ptr<alert_store> alerts;
    std::shared_ptr<call_history> history;
    std::unique_ptr<service_map> map;
  };
  /// `instance` is the prefix of event IDs, so that a client does not resume from an event ID of another process.
  event_feed(service::background_tasks& background, poll_sources sources, std::string instance)
      : background_(background),
        aggregator_(std::move(sources.services)),
        alert_store_(std::move(sources.alerts)),
        history_(std::move(sources.history)),
        map_(std::move(sources.map)),
        instance_(std::move(instance)) {}

  struct subscriber {
    /// Whether the subscriber is still authorized. Always if null.
    std::function<bool()> is_authorized;
    /// The current data of the event `experiment`. If null, the subscriber does not receive these events.
    std::function<std::string()> experiment;
  };

  /// Sends the events of one subscriber, until it disconnects, is no longer authorized, or the server is draining.
  static task<> serve(std::shared_ptr<event_feed> self, http::event_stream& events, subscriber options);
  /// Sends an event `experiment` to the subscribers of these events.
  void publish_experiment(std::string_view json);
  /// Publishes a weather report from the message broker, as a part of the latest aggregate. `body` is a JSON object.
  void publish_weather(std::string body);
  /// Causes each stream to check its authorization immediately.
  void check_authorizations() { events_.publish(feed_event{}); }
  /// The records of the latest aggregates.
  const request_history& requests() const noexcept { return requests_; }

 private:
  /// An event for all subscribers.
  struct feed_event {
    std::string type;  // if it is empty, subscribers only check their authorization
    std::string text;
  };

  enum class poll { time, aggregate, alerts, map };
  static constexpr std::size_t index_of(poll source) noexcept { return static_cast<std::size_t>(source); }
  struct poll_state {
    bool is_running = false;
    /// The first events for a new subscriber; empty while no poll runs.
    std::vector<feed_event> latest;
  };
  class subscription;
  class running_poll;
  struct running_aggregate;

  /// Receives events that closely follow `first`, and returns the text of all events for this subscriber.
  static task<std::string> collect_batch(broadcast<feed_event>::subscription& source,
                                         std::shared_ptr<const feed_event> first, bool has_experiments);
  static task<> poll_time(std::shared_ptr<event_feed> self);
  static task<> poll_aggregates(std::shared_ptr<event_feed> self);
  static task<> poll_alerts(std::shared_ptr<event_feed> self);
  static task<> poll_map(std::shared_ptr<event_feed> self);
  static task<> publish_aggregate(std::shared_ptr<event_feed> self, std::uint64_t number);
  /// Starts the polls that are not running.
  void start_polling();
  void publish(poll source, std::vector<feed_event> latest);
  static feed_event format(const http::server_event& event) { return {event.type, http::format_event(event)}; }
  static feed_event event(std::string_view type, std::string_view json);
  /// The data of the event `request`, with an ID.
  feed_event request_event(std::uint64_t number, std::string_view json) const;
  /// The initial events for a new subscriber; for a subscriber that reconnects, the missed events.
  std::vector<feed_event> first_events(std::string_view last_event_id);
  void publish_part(std::uint64_t number, std::size_t index, std::string_view service, const part& part);
  std::string alerts_body();

  service::background_tasks& background_;
  std::shared_ptr<aggregator> aggregator_;
  std::shared_ptr<alert_store> alert_store_;
  std::shared_ptr<call_history> history_;
  std::unique_ptr<service_map> map_;  // used by `poll_map` only
  request_history requests_;
  const std::string instance_;
  broadcast<feed_event> events_{max_pending_events};

  std::mutex mutex_;
  std::size_t subscriber_count_ = 0;
  std::array<poll_state, 4> polls_;
  std::uint64_t alerts_revision_ = 0;  // revision of the store at the last event
  std::uint64_t aggregate_count_ = 0;  // started so far
  std::size_t aggregates_in_progress_ = 0;
  /// The number of the latest published aggregate, for each part and, in the last element, for the complete aggregate.
  std::array<std::uint64_t, 4> published_numbers_{};

  /// The maximum number of pending events, which corresponds to about ten seconds. Slower subscribers miss events.
  static constexpr std::size_t max_pending_events = 64;
};

}  // namespace cohort::dashboard
