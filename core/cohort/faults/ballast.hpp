// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <memory>

#include <cohort/runtime/loop.hpp>

namespace cohort::faults {

/// Unused resident memory, to simulate a memory leak. The memory becomes resident in small chunks, so that other work
/// on the loop is not delayed. Released memory is returned to the system immediately. All functions are called on the
/// loop.
class ballast {
 public:
  explicit ballast(loop& event_loop);

  /// Resizes the ballast, unless it already has this size. If the memory is insufficient, returns false and releases
  /// the complete ballast.
  bool resize(std::size_t bytes);
  /// The size of the part that is already resident.
  std::size_t resident_bytes() const noexcept { return touched_bytes_; }

 private:
  struct memory_unmapper {
    std::size_t size;
    void operator()(std::byte* block) const noexcept;
  };
  void touch_chunk();

  loop& loop_;
  std::unique_ptr<std::byte, memory_unmapper> block_{nullptr, memory_unmapper{0}};
  std::size_t size_ = 0;
  std::size_t touched_bytes_ = 0;
  bound_timer<&ballast::touch_chunk> touch_timer_;
};

}  // namespace cohort::faults
