// SPDX-License-Identifier: BSL-1.0
#include <cohort/messaging/publisher_metrics.hpp>

namespace cohort::messaging {
namespace {

telemetry::counter& ended(telemetry::registry& registry, const std::string& name, const char* result) {
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
      confirmed(ended(registry, name, "confirmed")),
      rejected(ended(registry, name, "invalid")),
      unroutable(ended(registry, name, "unroutable")),
      expired(ended(registry, name, "expired")),
      overloaded(ended(registry, name, "overloaded")),
      abandoned(ended(registry, name, "abandoned")),
      retries(registry.make_counter("cohort_messaging_publish_retries_total",
                                    "Messages that were sent again because the broker had not confirmed them.",
                                    {{"publisher", name}})),
      confirm_duration(registry.make_histogram("cohort_messaging_confirm_duration_seconds",
                                               "Time from the arrival of a message in the outbox to its confirm.",
                                               {{"publisher", name}})) {}

}  // namespace cohort::messaging
