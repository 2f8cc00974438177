// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_set>

namespace cohort::messaging {

/// The IDs of the last messages that were processed. A broker delivers a message at least once. The broker redelivers a
/// message if a confirm, an acknowledgment or a connection was lost. The window detects duplicates among the last
/// `capacity` messages. Source: Hohpe and Woolf, "Enterprise Integration Patterns", Idempotent Receiver.
class duplicate_window {
 public:
  /// `capacity` is the number of IDs; with 0, no duplicates are detected.
  explicit duplicate_window(std::size_t capacity) : capacity_(capacity) {}

  bool contains(std::string_view id) const { return ids_.contains(id); }

  /// Adds an ID. At capacity, evicts the oldest ID. Returns false if the ID is already present. An empty ID is
  /// never a duplicate.
  bool add(std::string id) {
    if (id.empty() || capacity_ == 0) return true;
    if (ids_.contains(id)) return false;
    order_.push_back(std::move(id));
    ids_.insert(order_.back());
    if (order_.size() > capacity_) {
      ids_.erase(order_.front());
      order_.pop_front();
    }
    return true;
  }
  std::size_t size() const noexcept { return order_.size(); }

 private:
  std::size_t capacity_;
  /// The elements of a deque do not move, so that `ids_` can refer to them.
  std::deque<std::string> order_;
  std::unordered_set<std::string_view> ids_;
};

}  // namespace cohort::messaging
