// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <vector>

#include <cohort/messaging/broker.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>

namespace cohort::messaging {

/// Messages whose confirms are awaited together.
struct publish_batch {
  explicit publish_batch(std::vector<message_pointer> published)
      : messages(std::move(published)),
        results(messages.size(), result<void>{error{errc::timeout}}),
        pending(messages.size()) {}

  /// Sets the result of one message; called once per message.
  void end(std::size_t index, result<void> outcome) {
    results[index] = std::move(outcome);
    if (--pending == 0) done.set();
  }

  std::vector<message_pointer> messages;
  std::vector<result<void>> results;
  std::size_t pending;
  /// Set when all messages have a result.
  event done;
};

}  // namespace cohort::messaging
