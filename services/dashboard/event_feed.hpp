#pragma once

#include <memory>
#include <string>

#include "core/http/body_writer.hpp"
#include "services/dashboard/aggregator.hpp"

namespace cohort::dashboard {

/// What `/api/events` sends, for the subscribers of one loop: the upstreams are asked once for all of them, and not at
/// all while there are none.
class event_feed : public std::enable_shared_from_this<event_feed> {
 public:
  event_feed(service::background& work, std::shared_ptr<aggregator> source) : work_(work), source_(std::move(source)) {}

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
  void publish(latest& to, std::string_view name, std::string_view json);
  void start_polling();

  service::background& work_;
  std::shared_ptr<aggregator> source_;
  std::size_t subscribers_ = 0;
  latest time_;
  latest aggregate_;
  wait_queue changed_;
};

}  // namespace cohort::dashboard
