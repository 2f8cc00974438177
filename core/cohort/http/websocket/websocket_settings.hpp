// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>

#include <cohort/runtime/time/clock.hpp>

namespace cohort::http {

/// The behavior of `send` when the queue of messages to send is full.
enum class full_queue {
  /// `send` waits until there is space, at most until its deadline.
  wait,
  /// `send` removes the oldest messages whose transmission has not started.
  drop_oldest,
  /// The connection is closed with 1013 (try again later): for clients that must not miss a message.
  close,
};

/// The limits of one WebSocket; sizes in bytes.
struct websocket_settings {
  /// Maximum size of a message from the peer, before and after decompression. A longer message closes the connection
  /// with 1009. The connection is closed with 1008 if a message has more frames than this size divided by 64 (at least
  /// 1,024).
  std::size_t max_message_bytes = 1024 * 1024;
  /// Received messages that the handler has not read. Beyond either limit, reading pauses (backpressure).
  std::size_t max_unread_messages = 16;
  std::size_t max_unread_bytes = 256 * 1024;
  /// The queue of messages to send is full once it has reached either limit.
  std::size_t max_queued_messages = 256;
  std::size_t max_queued_bytes = 1024 * 1024;
  full_queue when_full = full_queue::wait;
  /// Shorter messages are sent without compression.
  std::size_t min_compressed_bytes = 256;
  /// A ping is sent when nothing has been received for this time, to detect dead peers and to keep proxies from closing
  /// the connection.
  duration ping_interval = std::chrono::seconds{30};
  /// Timeout from a ping to the next received bytes; when it expires, the connection is closed.
  duration pong_timeout = std::chrono::seconds{20};
  /// Without a message in either direction for this time, the connection is closed with 1001.
  duration idle_timeout = duration::max();
  /// If the peer accepts no bytes for this time while there are bytes to send, the connection is closed.
  duration write_timeout = std::chrono::seconds{20};
  /// Timeout from a close frame to the close frame of the peer; when it expires, the connection is closed. A handler
  /// that has not returned by this time after the close is cancelled.
  duration close_timeout = std::chrono::seconds{5};
};

}  // namespace cohort::http
