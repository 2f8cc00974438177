// SPDX-License-Identifier: BSL-1.0
#include "services/weather/report_announcer.hpp"

#include "services/messaging/broker_setting.hpp"
#include "services/weather/report_json.hpp"

namespace cohort::weather {

void report_announcer::add_to(const service::service_context& context) {
  context.on_start(start(shared_from_this()));
  context.on_stop(stop(shared_from_this()));
}

task<> report_announcer::start(std::shared_ptr<report_announcer> self) {
  const auto& context = self->context_;
  const messaging::broker_dependencies dependencies{context.network(), context.metrics, context.log, "weather-service"};
  self->broker_ = self->endpoint_.make_client(dependencies);
  self->outbox_ = messaging::publisher::make(self->broker_, context.metrics, context.log,
                                             {.max_messages = max_messages}, "weather-service");
  context.log.write(telemetry::log_level::info, "publishing reports",
                    {{"broker", self->endpoint_.description()}, {"topic", weather_reports_topic}});
  context.background.spawn(self->broker_->run());
  context.background.spawn(messaging::publisher::run(self->outbox_));
  co_return;
}

task<> report_announcer::stop(std::shared_ptr<report_announcer> self) {
  if (!self->outbox_) co_return;
  auto close_task = messaging::publisher::close(self->outbox_, deadline::after(loop::current().now(), stop_timeout));
  const auto lost = co_await std::move(close_task);
  if (lost > 0) {
    self->context_.log.write(telemetry::log_level::warn, "reports were not published",
                             {{"messages", static_cast<std::int64_t>(lost)}});
  }
}

void report_announcer::announce(const weather_report& report) {
  if (!outbox_) return;
  messaging::message message{.topic = weather_reports_topic, .body = new_report_json(report)};
  message.content_type = "application/json";
  if (report.requested.cache_key() == configured_location_.cache_key())
    message.set_header(default_location_header, "true");
  // The message starts its own trace, since several requests can wait for one fetch.
  const call_context context{.deadline = deadline::never(), .trace = telemetry::start_trace(loop::current().random())};
  // The outbox counts messages that it rejects when it is full.
  (void)outbox_->try_enqueue(context, std::move(message));
}

}  // namespace cohort::weather
