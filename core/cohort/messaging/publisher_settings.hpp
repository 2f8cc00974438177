// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>

#include <cohort/runtime/time/clock.hpp>

namespace cohort::messaging {

struct publisher_settings {
  /// Maximum number of messages in the outbox, at least 1. A further message waits, or is rejected with
  /// `errc::overloaded`.
  std::size_t max_messages = 1024;
  /// Maximum number of messages that are sent together; their confirms are awaited before the next ones are sent.
  std::size_t max_batch = 512;
  /// Maximum total size, in bytes, of the bodies of messages that are sent together. One message is sent in any case.
  std::size_t max_batch_bytes = std::size_t{1} << 20;
  /// Time after which a message without a confirm is sent again.
  duration confirm_timeout = std::chrono::seconds{10};
  /// A message that has been in the outbox for longer is removed, and counted as `expired`.
  duration max_age = std::chrono::minutes{5};
  /// Delay before the second attempt; it doubles with each failure up to `max_backoff`, with jitter.
  duration min_backoff = std::chrono::milliseconds{50};
  duration max_backoff = std::chrono::seconds{2};
  /// Whether a message that no queue receives fails with `errc::unroutable`.
  bool requires_queue = false;
};

}  // namespace cohort::messaging
