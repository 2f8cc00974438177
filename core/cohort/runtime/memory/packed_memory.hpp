// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

namespace cohort::detail {

inline constexpr std::size_t packed_alignment = 8;

/// Memory for small objects that are kept for reuse, possibly until the program ends. Objects of a thread are adjacent
/// in chunks of 8 KiB. On the heap, each object would lie between the buffers of a connection, and its page could not
/// be returned to the system after thousands of connections have closed.
///
/// `size` is at most 1 KiB; the memory is aligned to `packed_alignment`. If there is no memory for a chunk, the object
/// has a separate block on the heap. Throws std::bad_alloc if there is no memory for that either.
void* allocate_packed(std::size_t size);
/// Any thread may free the memory. A chunk is returned to the heap when the last object in it is freed.
void deallocate_packed(void* memory) noexcept;

}  // namespace cohort::detail
