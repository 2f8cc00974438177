#pragma once

#include <atomic>
#include <cstddef>

namespace cohort {

/// A count that one thread keeps and any may read: to the one that keeps it, no dearer than a plain number.
class published_count {
 public:
  void increment() noexcept { value_.store(value() + 1, std::memory_order_relaxed); }
  void decrement() noexcept { value_.store(value() - 1, std::memory_order_relaxed); }
  std::size_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::size_t> value_{0};
};

}  // namespace cohort
