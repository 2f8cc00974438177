// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>
#include <vector>

#include <cohort/messaging/broker.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>

namespace cohort::messaging::rabbitmq {

/// Messages whose confirms are awaited together.
struct publish_batch {
  explicit publish_batch(std::vector<message_pointer> published)
      : messages(std::move(published)),
        results(messages.size(), result<void>{error{errc::timeout}}),
        pending(messages.size()) {}

  std::vector<message_pointer> messages;
  std::vector<result<void>> results;
  std::size_t pending;
  /// Set once nothing is pending.
  event done;
};

/// The messages of a channel in confirm mode that the broker has not confirmed: the broker numbers them from 1 and
/// confirms each one, or all up to a number (https://www.rabbitmq.com/docs/confirms). No I/O.
class confirm_window {
 public:
  /// The next message that is sent is the element `index` of the batch.
  void add(std::shared_ptr<publish_batch> batch, std::size_t index);

  /// `basic.ack` (`is_accepted`) or `basic.nack`, of one message or of all up to `tag`. Returns false if there is no
  /// such message.
  bool settle(std::uint64_t tag, bool is_multiple, bool is_accepted);

  /// `basic.return`: no queue receives the message with this ID; its confirm follows. Returns false if there is no such
  /// message.
  bool mark_unroutable(std::string_view message_id);

  /// Ends all messages that are not confirmed.
  void fail_all(const error& failure);

  std::size_t size() const noexcept { return slots_.size(); }

 private:
  struct slot {
    std::shared_ptr<publish_batch> batch;
    std::size_t index;
    bool is_unroutable = false;
    bool is_settled = false;
  };
  static void end(slot& ended, result<void> outcome);
  static void settle(slot& settled, bool is_accepted);

  std::deque<slot> slots_;
  /// The tag of the first slot.
  std::uint64_t first_tag_ = 1;
};

}  // namespace cohort::messaging::rabbitmq
