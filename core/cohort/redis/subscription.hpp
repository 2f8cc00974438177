// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>

#include <cohort/redis/error.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>

namespace cohort::redis {

/// A message of a channel.
struct message {
  std::string channel;
  std::string payload;
  friend bool operator==(const message&, const message&) = default;
};

namespace detail {

/// The queue of a subscription, shared with the connection.
struct subscriber {
  subscriber(std::string channel_or_pattern, bool is_channel_pattern, std::size_t capacity)
      : name(std::move(channel_or_pattern)), is_pattern(is_channel_pattern), max_messages(capacity) {}

  /// Returns false if the oldest message was dropped.
  bool add(message new_message) {
    const bool is_full = messages.size() >= max_messages;
    if (is_full) {
      messages.pop_front();
      ++missed;
    }
    messages.push_back(std::move(new_message));
    waiters.notify_one();
    return !is_full;
  }
  void close() {
    is_closed = true;
    waiters.notify_all();
  }

  std::string name;
  bool is_pattern;
  std::size_t max_messages;
  std::deque<message> messages;
  std::uint64_t missed = 0;
  std::uint64_t interruptions = 0;
  bool is_closed = false;
  wait_queue waiters;
};

}  // namespace detail

/// Receives the messages of a channel, or of the channels that match a pattern, until it is destroyed. Redis delivers a
/// message at most once: messages that are published while the connection is interrupted are lost. Used on the loop on
/// which it was created; may outlive the client.
class subscription {
 public:
  subscription(std::shared_ptr<detail::subscriber> queue, std::shared_ptr<void> registration)
      : queue_(std::move(queue)), registration_(std::move(registration)) {}

  /// The next message. Errors: `errc::timeout` at `wait_deadline`, `errc::cancelled`, and `errc::closed` once the
  /// client is closed and all messages have been read. Only one call may run at a time.
  task<result<message>> next(deadline wait_deadline = deadline::never()) { return receive(queue_, wait_deadline); }

  /// The number of messages that were dropped because the queue was full.
  std::uint64_t missed() const noexcept { return queue_->missed; }
  /// Number of interruptions of the connection; messages may be lost in each.
  std::uint64_t interruptions() const noexcept { return queue_->interruptions; }

 private:
  static task<result<message>> receive(std::shared_ptr<detail::subscriber> queue, deadline wait_deadline) {
    while (queue->messages.empty()) {
      if (queue->is_closed) co_return error{errc::closed};
      const auto status = co_await queue->waiters.wait(wait_deadline);
      if (status == wait_status::timed_out) co_return error{errc::timeout};
      // `close` also notifies the queue.
      if (status == wait_status::cancelled) co_return error{errc::cancelled};
    }
    auto received = std::move(queue->messages.front());
    queue->messages.pop_front();
    co_return received;
  }

  std::shared_ptr<detail::subscriber> queue_;
  /// The destructor of this object unsubscribes.
  std::shared_ptr<void> registration_;
};

}  // namespace cohort::redis
