// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace cohort::detail {

/// While an object of this class exists, its thread keeps up to 4 MiB of recycled memory instead of 256 KiB. With this
/// memory, a loop serves many concurrent requests without heap allocations. `trim` returns memory that is no longer
/// used. The limit is not raised while `memory_reserve::is_low()`.
///
/// A thread has at most one object of this class. The object must be created, used and destroyed on that thread.
class recycling_extension {
 public:
  using growth_function = void (*)(void* owner) noexcept;

  /// `on_growth(owner)` is called when the thread starts to keep more than 256 KiB. Afterwards, `trim` must be called
  /// at intervals until it returns false. `on_growth` is called during a deallocation, so it must not free recycled
  /// memory.
  recycling_extension(void* owner, growth_function on_growth) noexcept;
  ~recycling_extension();
  recycling_extension(const recycling_extension&) = delete;
  recycling_extension& operator=(const recycling_extension&) = delete;

  /// Frees blocks that have not been used since the previous call, until 256 KiB remain. While memory is low, frees all
  /// blocks. Returns true if the thread still keeps more than 256 KiB.
  static bool trim() noexcept;
};

/// Returns all recycled memory of the calling thread to the heap. Returns false if there was none.
bool release_recycled() noexcept;

}  // namespace cohort::detail
