// SPDX-License-Identifier: BSL-1.0
#include <cohort/messaging/rabbitmq/confirm_window.hpp>

namespace cohort::messaging::rabbitmq {

void confirm_window::add(std::shared_ptr<publish_batch> batch, std::size_t index) {
  slots_.push_back({std::move(batch), index});
}

void confirm_window::end(slot& slot, result<void> outcome) {
  if (std::exchange(slot.is_settled, true)) return;
  slot.batch->end(slot.index, std::move(outcome));
}

void confirm_window::settle(slot& slot, bool is_accepted) {
  if (!is_accepted) {
    end(slot, error{errc::refused, "the broker could not store the message"});
  } else if (slot.is_unroutable) {
    end(slot, error{errc::unroutable});
  } else {
    end(slot, {});
  }
}

bool confirm_window::settle(std::uint64_t tag, bool is_multiple, bool is_accepted) {
  // The tag 0 with `multiple` confirms all messages.
  if (tag == 0 && is_multiple) tag = first_tag_ + slots_.size() - 1;
  if (tag < first_tag_ || tag - first_tag_ >= slots_.size()) return false;
  const auto position = static_cast<std::size_t>(tag - first_tag_);
  for (std::size_t i = is_multiple ? 0 : position; i <= position; ++i) settle(slots_[i], is_accepted);
  while (!slots_.empty() && slots_.front().is_settled) {
    slots_.pop_front();
    ++first_tag_;
  }
  return true;
}

bool confirm_window::mark_unroutable(std::string_view message_id) {
  // Messages are returned in the order of sending, shortly before their confirms, so the search ends near the first
  // slot.
  for (auto& each : slots_) {
    if (each.is_settled || each.is_unroutable || each.batch->messages[each.index]->id != message_id) continue;
    each.is_unroutable = true;
    return true;
  }
  return false;
}

void confirm_window::fail_all(const error& failure) {
  for (auto& each : slots_) end(each, failure);
  slots_.clear();
  first_tag_ = 1;
}

}  // namespace cohort::messaging::rabbitmq
