// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <cohort/messaging/broker.hpp>
#include <cohort/messaging/publisher_metrics.hpp>
#include <cohort/messaging/publisher_settings.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>
#include <cohort/telemetry/call_context.hpp>
#include <cohort/telemetry/log.hpp>

namespace cohort::messaging {

/// Publishes messages through a bounded outbox in memory. `run` sends the messages in order and in batches, and resends
/// unconfirmed messages, so that the broker receives each message at least once.
///
/// - Backpressure: a full outbox makes `publish` and `enqueue` wait, and `try_enqueue` fail.
/// - A message that is resent has the same ID; see `duplicate_window`.
/// - The caller's trace context is propagated in the headers `traceparent` and `tracestate`.
/// - The outbox is lost with the process. If a message must not be lost, await `publish`.
///
/// A publisher belongs to the loop on which it was created. `try_enqueue` is safe from any thread; the other functions
/// are called on one of the program's loops.
class publisher : public std::enable_shared_from_this<publisher> {
  struct constructor_tag {};

 public:
  publisher(constructor_tag, std::shared_ptr<broker> destination, telemetry::registry& metrics, telemetry::logger log,
            publisher_settings settings, std::string name);

  /// Creates a publisher on the current loop. `name` is a label of the publisher's metrics. `metrics` must outlive the
  /// publisher.
  static std::shared_ptr<publisher> make(std::shared_ptr<broker> destination, telemetry::registry& metrics,
                                         telemetry::logger log, publisher_settings settings = {},
                                         std::string name = "publisher");

  /// Publishes a message and waits until the broker has confirmed it. Errors: `invalid`, `overloaded` if the outbox is
  /// still full at the caller's deadline, `timeout` if there is no confirm by that deadline (the message stays in the
  /// outbox), `unroutable`, `closed`, `cancelled`.
  static task<result<void>> publish(std::shared_ptr<publisher> self, call_context context, message message);

  /// Like `publish`, but does not wait for the confirm: completes when the outbox contains the message.
  static task<result<void>> enqueue(std::shared_ptr<publisher> self, call_context context, message message);

  /// Adds a message to the outbox if the outbox has space. Errors: `invalid`, `overloaded`, `closed`.
  result<void> try_enqueue(const call_context& context, message message);

  /// Sends the messages until the task is cancelled. Only one call may run at a time, on the publisher's loop. Started
  /// like `broker::run`: `context.background.spawn(publisher::run(publisher))`.
  static task<> run(std::shared_ptr<publisher> self);

  /// Rejects new messages, and sends the messages in the outbox until `close_deadline`. Returns the number of messages
  /// that were not confirmed. Called in `service_context::on_stop`, after `run` and `broker::run` have ended. Runs the
  /// broker client while messages are sent, then closes the client.
  static task<std::size_t> close(std::shared_ptr<publisher> self, deadline close_deadline);

  /// The number of unconfirmed messages.
  std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }
  loop& owner() const noexcept { return loop_; }

 private:
  struct entry;
  using entry_pointer = std::shared_ptr<entry>;

  /// Reserves space in the outbox for one message. Safe from any thread.
  bool try_reserve() noexcept;
  void release(std::size_t count) noexcept;
  /// Adds a message for which space in the outbox is reserved; must be called on the loop.
  entry_pointer add(message message, time_point enqueue_time, bool is_awaited);
  task<result<entry_pointer>> wait_and_add(call_context context, message message, bool is_awaited);
  task<result<void>> publish_on_loop(call_context context, message message, bool is_awaited);
  std::optional<error> prepare(const call_context& context, message& message) const;
  task<> send_until_empty();
  /// Sends the first messages. Returns whether all of these messages have left the outbox.
  task<bool> send_batch();
  void end_batch(std::deque<entry_pointer> batch, const std::vector<result<void>>& results);
  void expire(time_point now);
  void end(entry& entry, result<void> outcome);
  void on_failed_attempt(const error& failure);

  loop& loop_;
  std::shared_ptr<broker> broker_;
  std::shared_ptr<publisher_metrics> metrics_;
  telemetry::logger log_;
  publisher_settings settings_;
  std::string name_;
  std::atomic<std::size_t> size_{0};
  std::atomic<bool> is_closing_{false};
  std::deque<entry_pointer> outbox_;
  event work_available_;
  wait_queue space_waiters_;
  unsigned failure_count_ = 0;
  bool is_closed_ = false;
};

}  // namespace cohort::messaging
