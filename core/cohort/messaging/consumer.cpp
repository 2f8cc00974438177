// SPDX-License-Identifier: BSL-1.0
#include <cohort/messaging/consumer.hpp>

#include <boost/asio/this_coro.hpp>

#include <cohort/policy/retry/exponential_backoff.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>
#include <cohort/runtime/concurrency/with_deadline.hpp>

namespace cohort::messaging {
namespace {

telemetry::counter& received_counter(telemetry::registry& registry, const std::string& name, const char* result) {
  return registry.make_counter("cohort_messaging_received_total", "Messages that a consumer has received, by result.",
                               {{"consumer", name}, {"result", result}});
}

}  // namespace

consumer_metrics::consumer_metrics(telemetry::registry& registry, const std::string& name)
    : processed(received_counter(registry, name, "processed")),
      duplicates(received_counter(registry, name, "duplicate")),
      dead_letters(received_counter(registry, name, "dead_letter")),
      requeued(received_counter(registry, name, "requeued")),
      failures(registry.make_counter("cohort_messaging_handler_failures_total",
                                     "Calls of a consumer's handler that failed.", {{"consumer", name}})),
      handler_duration(registry.make_histogram("cohort_messaging_handler_duration_seconds",
                                               "Duration of a call of a consumer's handler.", {{"consumer", name}})) {}

consumer::consumer(std::shared_ptr<broker> source, subscription_settings subscription, handler handle,
                   telemetry::registry& metrics, telemetry::logger log, consumer_settings settings, std::string name)
    : broker_(std::move(source)),
      subscription_(std::move(subscription)),
      handler_(std::move(handle)),
      metrics_(metrics, name),
      log_(std::move(log)),
      settings_(settings),
      name_(std::move(name)),
      processed_(settings.duplicate_window) {}

task<> consumer::run(std::shared_ptr<consumer> self) {
  struct subscribed_scope {
    bool& value;
    ~subscribed_scope() { value = false; }
  };
  unsigned failures = 0;
  for (;;) {
    auto subscribe_task = self->broker_->subscribe(
        self->subscription_, deadline::after(loop::current().now(), self->settings_.broker_timeout));
    auto subscribe_result = co_await std::move(subscribe_task);
    if (subscribe_result) {
      failures = 0;
      self->is_subscribed_ = true;
      const subscribed_scope scope{self->is_subscribed_};
      auto receive_task = self->receive(**subscribe_result);
      if (!co_await std::move(receive_task)) co_return;
    } else if (subscribe_result.error().code == errc::closed || subscribe_result.error().code == errc::cancelled) {
      co_return;
    } else if (failures == 0) {
      self->log_.write(telemetry::log_level::warn, "not subscribed",
                       {{"consumer", self->name_}, {"error", log_text(subscribe_result.error())}});
    }
    auto wait_task = self->back_off(++failures);
    if (!co_await std::move(wait_task)) co_return;
  }
}

/// Returns false if the consumer must end, true if it must resubscribe.
task<bool> consumer::receive(subscription& source) {
  for (;;) {
    auto wait_task = source.next();
    auto next = co_await std::move(wait_task);
    if (!next) {
      const auto code = next.error().code;
      if (code == errc::closed || code == errc::cancelled) co_return false;
      log_.write(telemetry::log_level::warn, "subscription ended",
                 {{"consumer", name_}, {"error", log_text(next.error())}});
      co_return true;
    }
    auto process_task = process(source, std::move(*next));
    if (!co_await std::move(process_task)) co_return false;
  }
}

task<bool> consumer::back_off(unsigned failures) {
  const auto delay = policy::exponential_backoff(failures, settings_.min_backoff, settings_.max_backoff);
  // Each wait is at most `max_backoff`, and ends early on cancellation. No event reports that the broker, or a
  // dependency of the handler, is available again.
  co_return co_await sleep_for(delay) != wait_status::cancelled;
}

task<bool> consumer::process(subscription& source, delivery delivery) {
  const auto& id = delivery.received->id;
  if (!id.empty() && processed_.contains(id)) {
    metrics_.duplicates.increment();
    source.acknowledge(delivery);
    co_return true;
  }
  auto attempts = delivery.attempt - 1;
  std::string reason = "delivered " + std::to_string(attempts) + " times and not acknowledged";
  while (attempts < settings_.max_attempts) {
    auto call_task = call_handler(delivery.received);
    const auto outcome = co_await std::move(call_task);
    if (outcome) {
      processed_.add(id);
      metrics_.processed.increment();
      // After an error, the message is redelivered, and its ID identifies it as a duplicate.
      source.acknowledge(delivery);
      co_return true;
    }
    if (outcome.error().code == errc::cancelled) {
      metrics_.requeued.increment();
      source.requeue(delivery);
      co_return false;
    }
    metrics_.failures.increment();
    ++attempts;
    reason = log_text(outcome.error());
    if (outcome.error().code == errc::invalid) break;
    if (attempts == settings_.max_attempts) break;
    auto wait_task = back_off(attempts);
    if (!co_await std::move(wait_task)) {
      metrics_.requeued.increment();
      source.requeue(delivery);
      co_return false;
    }
  }
  auto move_task = move_to_dead_letters(source, std::move(delivery), std::move(reason));
  co_return co_await std::move(move_task);
}

task<result<void>> consumer::call_handler(message_pointer message) {
  auto& event_loop = loop::current();
  call_context context{.deadline = deadline::after(event_loop.now(), settings_.handler_timeout),
                       .request_id = message->id};
  if (const auto trace = find_trace_context(*message)) context.trace = *trace;
  const auto start = event_loop.now();
  std::optional<result<void>> outcome;
  try {
    auto handler_task = with_deadline(context.deadline, handler_(message, context));
    auto handler_result = co_await std::move(handler_task);
    outcome = handler_result ? std::move(*handler_result) : result<void>{error{errc::timeout, "the handler timed out"}};
  } catch (...) {
    const auto failure = std::current_exception();
    outcome = is_cancellation(failure) ? error{errc::cancelled} : error{errc::refused, exception_message(failure)};
  }
  const auto ended = event_loop.now();
  metrics_.handler_duration.observe(to_seconds(ended - start), context.trace, ended);
  co_return std::move(*outcome);
}

task<bool> consumer::move_to_dead_letters(subscription& source, delivery failed_delivery, std::string reason) {
  for (unsigned failures = 0;;) {
    auto move_task =
        source.dead_letter(failed_delivery, reason, deadline::after(loop::current().now(), settings_.broker_timeout));
    const auto move_result = co_await std::move(move_task);
    if (move_result) {
      metrics_.dead_letters.increment();
      log_.write(telemetry::log_level::error, "message moved to the dead letters",
                 {{"consumer", name_}, {"message", failed_delivery.received->id}, {"reason", reason}});
      co_return true;
    }
    const auto code = move_result.error().code;
    if (code == errc::closed || code == errc::cancelled) co_return false;
    // The message is redelivered on the new connection.
    if (code == errc::connection_lost) co_return true;
    if (failures == 0) {
      log_.write(
          telemetry::log_level::error, "message not moved to the dead letters",
          {{"consumer", name_}, {"message", failed_delivery.received->id}, {"error", log_text(move_result.error())}});
    }
    auto wait_task = back_off(++failures);
    if (!co_await std::move(wait_task)) co_return false;
  }
}

}  // namespace cohort::messaging
