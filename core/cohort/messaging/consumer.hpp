// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include <cohort/messaging/broker.hpp>
#include <cohort/messaging/duplicate_window.hpp>
#include <cohort/telemetry/call_context.hpp>
#include <cohort/telemetry/log.hpp>
#include <cohort/telemetry/metrics.hpp>

namespace cohort::messaging {

struct consumer_settings {
  /// A message is moved to the dead letters after this number of failed attempts.
  unsigned max_attempts = 5;
  /// Timeout of one call of the handler. When it expires, the call is cancelled and counts as failed.
  duration handler_timeout = std::chrono::seconds{30};
  /// Delay before the second attempt; it doubles with each failure up to `max_backoff`.
  duration min_backoff = std::chrono::milliseconds{100};
  duration max_backoff = std::chrono::seconds{10};
  /// Number of recent message IDs that are kept to detect duplicates.
  std::size_t duplicate_window = 10'000;
  /// Time after which the consumer retries a subscription or a dead letter that the broker has not confirmed.
  duration broker_timeout = std::chrono::seconds{10};
};

/// The metrics of one consumer. All series exist from the start, at zero.
struct consumer_metrics {
  /// `registry` must outlive the metrics. `name` is the value of the label `consumer`.
  consumer_metrics(telemetry::registry& registry, const std::string& name);

  telemetry::counter& processed;
  telemetry::counter& duplicates;
  telemetry::counter& dead_letters;
  /// Messages that were returned to the queue because the consumer ended.
  telemetry::counter& requeued;
  telemetry::counter& failures;
  telemetry::histogram& handler_duration;
};

/// Receives the messages of a subscription one after the other, and calls a handler for each.
///
/// - A message is acknowledged after its handler has succeeded, so it is lost only if the broker loses it. A message
///   can be redelivered: to this process, where the window of IDs detects the duplicate, or to another process.
/// - A failed handler is retried with backoff, up to `max_attempts` attempts. After the last attempt, or immediately
///   for `errc::invalid`, the message becomes a dead letter, and the next message is handled. Deliveries that the
///   broker has counted, such as deliveries to a process that crashed, also count as attempts.
/// - The trace of the message is the trace of the handler's `call_context`.
///
/// Several consumers of the same group, in this process or in other processes, share the messages.
class consumer {
 public:
  /// `message` and the views of `context` are valid until the handler ends.
  using handler = std::function<task<result<void>>(message_pointer message, call_context context)>;

  /// `name` is a label of the metrics. `metrics` must outlive the consumer.
  consumer(std::shared_ptr<broker> source, subscription_settings subscription, handler handle,
           telemetry::registry& metrics, telemetry::logger log, consumer_settings settings = {},
           std::string name = "consumer");

  /// Runs until the task is cancelled, or the broker client is closed. Started on the loop of the broker client:
  /// `context.background.spawn(consumer::run(consumer))`.
  static task<> run(std::shared_ptr<consumer> self);

  /// Whether the subscription is active. For tests and health checks.
  bool is_subscribed() const noexcept { return is_subscribed_; }

 private:
  task<bool> receive(subscription& source);
  task<bool> process(subscription& source, delivery delivery);
  task<result<void>> call_handler(message_pointer message);
  /// Waits before the next attempt. False if the consumer is cancelled.
  task<bool> back_off(unsigned failures);
  task<bool> move_to_dead_letters(subscription& source, delivery failed_delivery, std::string reason);

  std::shared_ptr<broker> broker_;
  subscription_settings subscription_;
  handler handler_;
  consumer_metrics metrics_;
  telemetry::logger log_;
  consumer_settings settings_;
  std::string name_;
  duplicate_window processed_;
  bool is_subscribed_ = false;
};

}  // namespace cohort::messaging
