// SPDX-License-Identifier: BSL-1.0
#include "services/dashboard/report_subscriber.hpp"

#include <cohort/json/parser.hpp>
#include "services/messaging/broker_setting.hpp"

namespace cohort::dashboard {
namespace {

task<messaging::result<void>> handle(std::shared_ptr<event_feed> feed, messaging::message_pointer message) {
  if (!json::is_object(message->body)) {
    co_return messaging::error{messaging::errc::invalid, "the body is not a JSON object"};
  }
  const auto* const default_location_value = message->header(default_location_header);
  // Ignores other locations, because the page shows only one location.
  if (default_location_value && *default_location_value == "true")
    feed->publish_weather(std::string{json::strip_byte_order_mark(message->body)});
  co_return messaging::result<void>{};
}

}  // namespace

void report_subscriber::add_to(const service::service_context& context) {
  context.on_start(start(shared_from_this()));
  context.on_stop(stop(shared_from_this()));
}

task<> report_subscriber::start(std::shared_ptr<report_subscriber> self) {
  const auto& context = self->context_;
  const messaging::broker_dependencies dependencies{context.network(), context.metrics, context.log,
                                                    "dashboard-service"};
  self->broker_ = self->endpoint_.make_client(dependencies);
  messaging::consumer::handler handler = [feed = self->feed_](messaging::message_pointer message, call_context) {
    return handle(feed, std::move(message));
  };
  auto consumer = std::make_shared<messaging::consumer>(
      self->broker_, messaging::subscription_settings{.topic = weather_reports_topic}, std::move(handler),
      context.metrics, context.log, messaging::consumer_settings{}, "dashboard-service");
  context.log.write(telemetry::log_level::info, "subscribing to reports",
                    {{"broker", self->endpoint_.description()}, {"topic", weather_reports_topic}});
  context.background.spawn(self->broker_->run());
  context.background.spawn(messaging::consumer::run(std::move(consumer)));
  co_return;
}

task<> report_subscriber::stop(std::shared_ptr<report_subscriber> self) {
  if (self->broker_) self->broker_->close();
  co_return;
}

}  // namespace cohort::dashboard
