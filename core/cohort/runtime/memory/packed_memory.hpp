// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

namespace cohort::detail {

inline constexpr std::size_t packed_alignment = 8;

/// Allocates memory for a small object that is kept for reuse, possibly until the program ends. The objects of a thread
/// are adjacent in chunks of 8 KiB. On the heap, objects would be scattered among the buffers of connections, so the
/// pages of closed connections could not be returned to the system.
///
/// `size` is at most 1 KiB; the memory is aligned to `packed_alignment`. If there is no memory for a chunk, the object
/// is allocated in a separate heap block. Throws `std::bad_alloc` if there is no memory for that block either.
void* allocate_packed(std::size_t size);
/// Frees memory from `allocate_packed`. Thread-safe. A chunk is returned to the heap when the last object in it is
/// freed.
void deallocate_packed(void* memory) noexcept;

}  // namespace cohort::detail
