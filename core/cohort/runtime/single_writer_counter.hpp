// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstddef>

namespace cohort {

/// Counter with one writing thread and any number of reading threads. A write costs no more than a write to a plain
/// integer: it uses relaxed loads and stores, but no read-modify-write instruction.
class single_writer_counter {
 public:
  /// Must be called on the writing thread.
  void increment() noexcept { value_.store(value() + 1, std::memory_order_relaxed); }
  /// Must be called on the writing thread.
  void decrement() noexcept { value_.store(value() - 1, std::memory_order_relaxed); }
  /// Safe from any thread. The value may be slightly outdated.
  std::size_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::size_t> value_{0};
};

}  // namespace cohort
