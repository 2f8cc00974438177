// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <cohort/messaging/error.hpp>
#include <cohort/messaging/message.hpp>
#include <cohort/runtime/time/deadline.hpp>

namespace cohort::messaging {

using message_pointer = std::shared_ptr<const message>;

struct subscription_settings {
  /// See `message::topic`.
  std::string topic;
  /// The subscribers of a group share its queue, also across processes: each message is delivered to one of them, and
  /// is kept while there is none. The name has the syntax of a topic. If the name is empty, the subscriber receives
  /// every message that is published while the subscriber is connected, at most once.
  std::string group{};
  /// Maximum number of unacknowledged deliveries.
  std::size_t prefetch = 64;
};

/// A message that a subscription has received. A delivery must be acknowledged, requeued or dead-lettered exactly once.
struct delivery {
  message_pointer received;
  /// Identifies the delivery within its subscription.
  std::uint64_t tag = 0;
  /// The number of deliveries of this message that the broker has counted, including this delivery and deliveries to
  /// processes that ended without an acknowledgment.
  unsigned attempt = 1;
};

/// Receives the messages of one topic until it is destroyed. The subscription continues after a reconnect, and
/// unacknowledged deliveries are redelivered. Must be used on the loop on which it was created. A subscription may
/// outlive its broker client, and must outlive its calls.
class subscription {
 public:
  virtual ~subscription() = default;

  /// The next message. Errors: `timeout` at `wait_deadline` (even while the broker is unreachable), `cancelled`,
  /// `closed` after the client has been closed, `refused` if the broker no longer accepts the subscription. Only one
  /// call may run at a time.
  virtual task<result<delivery>> next(deadline wait_deadline = deadline::never()) = 0;

  /// Acknowledges a message that has been processed. Error: `connection_lost` if the delivery belongs to a previous
  /// connection, so that the message will be redelivered.
  virtual result<void> acknowledge(const delivery& delivery) = 0;
  /// Returns a message to the queue. The message is redelivered, possibly to another subscriber of the group. Error:
  /// see `acknowledge`.
  virtual result<void> requeue(const delivery& delivery) = 0;
  /// Moves a message that cannot be processed to the dead letters of its topic and group, with the header
  /// `dead-letter-reason`. Completes when the broker has confirmed the dead letter, and then acknowledges the message.
  /// After an error, the message must still be acknowledged, requeued or dead-lettered.
  virtual task<result<void>> dead_letter(delivery failed_delivery, std::string reason, deadline call_deadline) = 0;

  /// Number of interruptions of the connection. Without a group, each interruption may lose messages.
  virtual std::uint64_t interruptions() const noexcept = 0;
};

/// The name of the header with the reason why a message became a dead letter.
inline constexpr const char* dead_letter_reason_header = "dead-letter-reason";

struct publish_options {
  /// Whether a message that no queue receives is an error, `unroutable`. If false, the broker confirms and drops the
  /// message.
  bool requires_queue = false;
};

/// Client of a message broker. While `run` is running, the client connects, and reconnects with backoff. Used on the
/// loop on which it was created. `publisher` and `consumer` add the features that an application needs: a bounded
/// outbox, retries, dead letters.
class broker {
 public:
  virtual ~broker() = default;

  /// Keeps the connection until the task is cancelled or `close` is called. Only one call may run at a time; `run` can
  /// be called again after it has ended. While there is no connection, the other functions wait for one until their
  /// deadlines.
  virtual task<> run() = 0;

  /// Sends messages in order and waits for the broker's confirms, at most until `call_deadline`. Returns one result for
  /// each message. A confirmed message is stored in each queue that receives the topic, and survives a restart of the
  /// broker. After `timeout` and `connection_lost` it is unknown whether the broker has the message. If calls do not
  /// overlap, the order is preserved even when messages are resent.
  virtual task<std::vector<result<void>>> publish(std::vector<message_pointer> messages, deadline call_deadline,
                                                  publish_options options) = 0;

  /// Subscribes, and completes when the broker has confirmed the subscription. The subscription receives the messages
  /// that are published after that.
  virtual task<result<std::unique_ptr<subscription>>> subscribe(subscription_settings settings,
                                                                deadline call_deadline) = 0;

  /// Whether there is a usable connection.
  virtual bool is_connected() const noexcept = 0;

  /// Ends `run`; pending and later calls fail with `closed`.
  virtual void close() = 0;
};

}  // namespace cohort::messaging
