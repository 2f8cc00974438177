// SPDX-License-Identifier: BSL-1.0
#include <cohort/messaging/publisher_metrics.hpp>

namespace cohort::messaging {
namespace {

telemetry::counter& add_result_counter(telemetry::registry& registry, const std::string& name, const char* result) {
  return registry.make_counter("cohort_messaging_published_total",
                               "Messages that left the outbox or were not accepted, by result.",
                               {{"publisher", name}, {"result", result}});
}

}  // namespace

publisher_metrics::publisher_metrics(telemetry::registry& registry, const std::string& name)
    : outbox_messages(registry.make_gauge("cohort_messaging_outbox_messages",
                                          "Messages in the outbox, which the broker has not confirmed.",
                                          {{"publisher", name}})),
      outbox_capacity(registry.make_gauge("cohort_messaging_outbox_capacity",
                                          "Maximum number of messages in the outbox.", {{"publisher", name}})),
      confirmed(add_result_counter(registry, name, "confirmed")),
      rejected(add_result_counter(registry, name, "invalid")),
      unroutable(add_result_counter(registry, name, "unroutable")),
      expired(add_result_counter(registry, name, "expired")),
      overloaded(add_result_counter(registry, name, "overloaded")),
      abandoned(add_result_counter(registry, name, "abandoned")),
      retries(registry.make_counter("cohort_messaging_publish_retries_total",
                                    "Messages that were resent because the broker had not confirmed them.",
                                    {{"publisher", name}})),
      confirm_duration(registry.make_histogram("cohort_messaging_confirm_duration_seconds",
                                               "Time from the arrival of a message in the outbox to its confirm.",
                                               {{"publisher", name}})) {}

}  // namespace cohort::messaging
