// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <cohort/http/server/content/body_writer.hpp>
#include "services/dashboard/aggregator.hpp"
#include "services/dashboard/alerts/alert_store.hpp"
#include "services/dashboard/requests/request_history.hpp"

namespace cohort::dashboard {

/// The events of `/api/events` for the subscribers of one loop. The services and the alert store are polled once for
/// all subscribers, and only while there are any.
class event_feed : public std::enable_shared_from_this<event_feed> {
 public:
  /// `requests` gets the record of each aggregate.
  event_feed(service::background_tasks& background, std::shared_ptr<aggregator> aggregator,
             std::shared_ptr<alert_store> alerts, std::shared_ptr<request_history> requests)
      : background_(background),
        aggregator_(std::move(aggregator)),
        alert_store_(std::move(alerts)),
        requests_(std::move(requests)) {}

  /// Whether a subscriber may still receive events. Null: always.
  using authorization = std::function<bool()>;

  /// Writes the stream of one subscriber, until it disconnects, `is_authorized` returns false, or the server drains.
  static task<> serve(std::shared_ptr<event_feed> self, http::body_writer& writer, authorization is_authorized);
  /// Makes each stream check its authorization now. Called on the feed's loop.
  void check_authorizations() { published_.notify_all(); }

 private:
  /// The latest event of one type.
  struct event_slot {
    std::string text;           // framed as a server-sent event
    std::uint64_t version = 0;  // of `text`
    time_point published{};
    bool is_polled = false;
  };
  class subscription;
  class polling_guard;
  struct cursor;

  static task<> poll_time(std::shared_ptr<event_feed> self);
  static task<> poll_aggregate(std::shared_ptr<event_feed> self);
  static task<> poll_alerts(std::shared_ptr<event_feed> self);
  void publish(event_slot& slot, std::string_view name, std::string_view json);
  void start_polling();
  task<> publish_aggregate();
  std::string alerts_body();

  service::background_tasks& background_;
  std::shared_ptr<aggregator> aggregator_;
  std::shared_ptr<alert_store> alert_store_;
  std::shared_ptr<request_history> requests_;
  std::size_t subscribers_ = 0;
  event_slot time_;
  event_slot aggregate_;
  event_slot request_;  // the latest aggregate's
  event_slot alerts_;
  std::uint64_t alerts_revision_ = 0;  // the store's, when `alerts_` was published
  wait_queue published_;
};

}  // namespace cohort::dashboard
