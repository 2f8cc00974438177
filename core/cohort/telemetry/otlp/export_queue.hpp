// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include <cohort/runtime/synchronization/cross_thread/cross_thread_event.hpp>

namespace cohort::telemetry {

/// Limits of an `export_queue`.
struct export_queue_limits {
  /// Maximum number of items in the queue, including the batch that is being exported.
  std::size_t max_items = 2048;
  std::size_t max_batch_items = 512;
  /// Maximum number of encoded bytes in the queue.
  std::size_t max_bytes = 4 * 1024 * 1024;
};

/// Encoded spans or log records that wait for export, in batches. If the queue is full, new items are dropped and
/// counted. Thread-safe. Each loop has its own queue for spans, so there is contention for the lock only while the
/// exporter takes a batch.
class export_queue {
 public:
  struct batch {
    /// Items in the encoding of `append_item`.
    std::string items;
    std::size_t count = 0;
  };

  explicit export_queue(export_queue_limits limits = {}) : limits_(limits) {}

  /// Adds an item: `append(items)` appends the item to the encoded items of a batch. Wakes the exporter if a batch is
  /// full.
  template <class Append>
  void push(Append append) {
    bool is_batch_full = false;
    {
      const std::lock_guard lock{mutex_};
      auto* target = open_batch();
      if (!target) {
        dropped_count_.fetch_add(1, std::memory_order_relaxed);
        return;
      }
      const auto previous_size = target->items.size();
      append(target->items);
      ++target->count;
      bytes_ += target->items.size() - previous_size;
      items_.fetch_add(1, std::memory_order_relaxed);
      is_batch_full = target->count == limits_.max_batch_items;
    }
    if (is_batch_full) wakeup_->set();
  }
  /// Removes and returns the oldest batch; an empty batch if the queue is empty. The items and bytes of the batch count
  /// toward the limits until `release`.
  batch take();
  /// Discards a batch that was taken.
  void release(const batch& batch);

  bool has_full_batch() const;
  bool empty() const;
  /// The number of items in the queue, including batches that were taken and not released.
  std::size_t size() const noexcept { return items_.load(std::memory_order_relaxed); }
  /// The number of items dropped because the queue was full.
  std::uint64_t dropped_count() const noexcept { return dropped_count_.load(std::memory_order_relaxed); }
  /// Set when a batch is full.
  cross_thread_event& wakeup() noexcept { return *wakeup_; }

 private:
  /// Returns the batch for the next item; null if the queue is full. Precondition: the lock is held.
  batch* open_batch();

  export_queue_limits limits_;
  std::shared_ptr<cross_thread_event> wakeup_ = cross_thread_event::make();
  mutable std::mutex mutex_;
  std::deque<batch> batches_;
  std::size_t bytes_ = 0;
  std::atomic<std::size_t> items_{0};
  std::atomic<std::uint64_t> dropped_count_{0};
};

}  // namespace cohort::telemetry
