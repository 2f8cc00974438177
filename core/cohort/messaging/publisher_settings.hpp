// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>

#include <cohort/runtime/time/clock.hpp>

namespace cohort::messaging {

struct publisher_settings {
  /// Maximum number of messages in the outbox, at least 1. Additional messages wait, or are rejected with
  /// `errc::overloaded`.
  std::size_t max_messages = 1024;
  /// Maximum number of messages that are sent together; their confirms are awaited before the next messages are sent.
  std::size_t max_batch = 512;
  /// Maximum total size, in bytes, of the bodies of messages that are sent together. A single message is sent
  /// regardless of its size.
  std::size_t max_batch_bytes = std::size_t{1} << 20;
  /// Timeout of a confirm; when it expires, the message is resent.
  duration confirm_timeout = std::chrono::seconds{10};
  /// Maximum age of a message in the outbox; an older message is removed, and counted as `expired`.
  duration max_age = std::chrono::minutes{5};
  /// Delay before the second attempt; it doubles with each failure up to `max_backoff`, with jitter.
  duration min_backoff = std::chrono::milliseconds{50};
  duration max_backoff = std::chrono::seconds{2};
  /// Whether a message that no queue receives fails with `errc::unroutable`.
  bool requires_queue = false;
};

}  // namespace cohort::messaging
