// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>

#include <cohort/messaging/publish_batch.hpp>

namespace cohort::messaging::rabbitmq {

/// The messages of a channel in confirm mode that the broker has not confirmed. The broker numbers the messages from 1,
/// and confirms each message, or all messages up to a number (https://www.rabbitmq.com/docs/confirms). Performs no I/O.
class confirm_window {
 public:
  /// The next message that is sent is the element `index` of the batch.
  void add(std::shared_ptr<publish_batch> batch, std::size_t index);

  /// Handles `basic.ack` (`is_accepted`) or `basic.nack` for one message, or for all messages up to `tag`. Returns
  /// false if there is no such message.
  bool settle(std::uint64_t tag, bool is_multiple, bool is_accepted);

  /// Handles `basic.return`: no queue receives the message with this ID. The confirm of the message follows. Returns
  /// false if there is no such message.
  bool mark_unroutable(std::string_view message_id);

  /// Fails all unconfirmed messages.
  void fail_all(const error& failure);

  std::size_t size() const noexcept { return slots_.size(); }

 private:
  struct slot {
    std::shared_ptr<publish_batch> batch;
    std::size_t index;
    bool is_unroutable = false;
    bool is_settled = false;
  };
  static void end(slot& slot, result<void> outcome);
  static void settle(slot& slot, bool is_accepted);

  std::deque<slot> slots_;
  /// The tag of the first slot.
  std::uint64_t first_tag_ = 1;
};

}  // namespace cohort::messaging::rabbitmq
