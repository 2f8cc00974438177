// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace cohort {

/// Returns the recycled memory of the calling thread to the allocator, and free pages of the allocator to the system.
/// By itself, glibc returns only the pages at the end of an arena. The call can take several milliseconds, during which
/// other threads cannot allocate. With other C libraries, it only returns the recycled memory.
void return_free_memory() noexcept;

}  // namespace cohort
