// SPDX-License-Identifier: BSL-1.0
#include <cohort/telemetry/otlp/export_queue.hpp>

#include <utility>

namespace cohort::telemetry {

export_queue::batch* export_queue::open_batch() {
  if (items_.load(std::memory_order_relaxed) >= limits_.max_items || bytes_ >= limits_.max_bytes) return nullptr;
  if (batches_.empty() || batches_.back().count >= limits_.max_batch_items) batches_.emplace_back();
  return &batches_.back();
}

export_queue::batch export_queue::take() {
  const std::lock_guard lock{mutex_};
  if (batches_.empty()) return {};
  auto oldest_batch = std::move(batches_.front());
  batches_.pop_front();
  return oldest_batch;
}

void export_queue::release(const batch& batch) {
  const std::lock_guard lock{mutex_};
  bytes_ -= batch.items.size();
  items_.fetch_sub(batch.count, std::memory_order_relaxed);
}

bool export_queue::has_full_batch() const {
  const std::lock_guard lock{mutex_};
  return !batches_.empty() && batches_.front().count >= limits_.max_batch_items;
}

bool export_queue::empty() const {
  const std::lock_guard lock{mutex_};
  return batches_.empty();
}

}  // namespace cohort::telemetry
