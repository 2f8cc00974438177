// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace cohort {

namespace detail {

/// Allocates `size` bytes, at least one, aligned for any type. Reuses a block of up to 4 KiB that the calling thread
/// has freed. Throws `std::bad_alloc`.
void* allocate_recycled(std::size_t size);
/// Frees memory from `allocate_recycled(size)`. The calling thread keeps the memory for the next allocation and returns
/// the excess to the heap. A thread keeps at most 256 KiB, or 4 MiB if it runs a loop (`recycling_extension`).
void deallocate_recycled(void* block, std::size_t size) noexcept;

}  // namespace detail

/// Allocator for short-lived memory, such as the buffers of one request. In steady state, such an allocation takes a
/// few instructions and does not use the heap. Any thread may free the memory.
template <class T>
struct recycling_allocator {
  using value_type = T;
  static_assert(alignof(T) <= alignof(std::max_align_t));

  recycling_allocator() noexcept = default;
  template <class U>
  recycling_allocator(const recycling_allocator<U>&) noexcept {}  // NOLINT(google-explicit-constructor)

  T* allocate(std::size_t count) { return static_cast<T*>(detail::allocate_recycled(count * sizeof(T))); }
  void deallocate(T* block, std::size_t count) noexcept { detail::deallocate_recycled(block, count * sizeof(T)); }

  template <class U>
  friend bool operator==(const recycling_allocator&, const recycling_allocator<U>&) noexcept {
    return true;
  }
};

using recycled_string = std::basic_string<char, std::char_traits<char>, recycling_allocator<char>>;
template <class T>
using recycled_vector = std::vector<T, recycling_allocator<T>>;

}  // namespace cohort
