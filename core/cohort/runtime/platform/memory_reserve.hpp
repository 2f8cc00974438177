// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

namespace cohort {

/// Reserved memory with which a program continues when memory is exhausted. When an allocation fails (RLIMIT_AS, a
/// container without swap and overcommit), the reserve is released one block at a time, and the allocation is retried.
/// The requests in progress can then complete. While `is_low` is true, servers accept no connections. An allocation
/// that fails when the reserve is exhausted throws `std::bad_alloc`.
///
/// Process-wide; thread-safe. The reserve does not protect against the kernel's out-of-memory killer, which sends
/// SIGKILL.
namespace memory_reserve {

/// Each block costs a page of private memory, because malloc writes the size of the block before it. The other pages
/// are not written.
inline constexpr std::size_t block_bytes = std::size_t{256} * 1024;
inline constexpr std::size_t max_blocks = 16;

/// Allocates the reserve and installs the new-handler that releases it. Later calls have no effect.
void install();
/// Whether a part of the reserve has been released. Costs one atomic load.
bool is_low() noexcept;
/// Tries to allocate the released blocks again. Must be called periodically. Returns true if the reserve is complete.
bool refill() noexcept;

}  // namespace memory_reserve
}  // namespace cohort
