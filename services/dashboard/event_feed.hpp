#pragma once

#include <memory>
#include <string>

#include "core/http/body_writer.hpp"
#include "services/dashboard/aggregator.hpp"
#include "services/dashboard/alert_store.hpp"

namespace cohort::dashboard {

/// What `/api/events` sends, for the subscribers of one loop: the upstreams are asked once for all of them, and not at
/// all while there are none; likewise the alerts are looked at.
class event_feed : public std::enable_shared_from_this<event_feed> {
 public:
  event_feed(service::background& work, std::shared_ptr<aggregator> source, std::shared_ptr<alert_store> alerts)
      : work_(work), source_(std::move(source)), store_(std::move(alerts)) {}

  /// One subscriber's stream, until it or the server ends.
  static task<> serve(std::shared_ptr<event_feed> self, http::body_writer& out);

 private:
  /// The newest of one kind, as it goes out.
  struct latest {
    std::string text;
    std::uint64_t version = 0;
    time_point made{};
    bool running = false;
  };
  class subscription;
  class polling;

  static task<> poll_time(std::shared_ptr<event_feed> self);
  static task<> poll_aggregate(std::shared_ptr<event_feed> self);
  static task<> poll_alerts(std::shared_ptr<event_feed> self);
  void publish(latest& to, std::string_view name, std::string_view json);
  void start_polling();
  std::string alerts_body();

  service::background& work_;
  std::shared_ptr<aggregator> source_;
  std::shared_ptr<alert_store> store_;
  std::size_t subscribers_ = 0;
  latest time_;
  latest aggregate_;
  latest alerts_;
  /// Of the store, as far as all who listen have heard.
  std::uint64_t alerts_revision_ = 0;
  wait_queue changed_;
};

}  // namespace cohort::dashboard
