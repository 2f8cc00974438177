// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace cohort::detail {

/// While it exists, its thread keeps up to 4 MiB of recycled memory instead of 256 KiB, so that a loop with many
/// concurrent requests does not use the heap for them. Memory that is no longer used is returned by `trim`. While the
/// memory reserve is used, the limit is not raised.
///
/// One for each thread. Created, used and destroyed on that thread.
class recycling_extension {
 public:
  using growth_function = void (*)(void* owner) noexcept;

  /// `on_growth(owner)` is called when the thread begins to keep more than 256 KiB. Then `trim` must be called at
  /// intervals until it returns false. The call comes from inside a deallocation: it must not free recycled memory.
  recycling_extension(void* owner, growth_function on_growth) noexcept;
  ~recycling_extension();
  recycling_extension(const recycling_extension&) = delete;
  recycling_extension& operator=(const recycling_extension&) = delete;

  /// Returns to the heap the blocks beyond 256 KiB that have not been used since the call before; all blocks while
  /// memory is low. Returns whether the thread still keeps more than 256 KiB.
  static bool trim() noexcept;
};

/// Returns all recycled memory of the calling thread to the heap. Returns false if there was none.
bool release_recycled() noexcept;

}  // namespace cohort::detail
