// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace cohort {

/// Returns free pages of the allocator to the system; glibc does so automatically only at the end of an arena. It can
/// take several milliseconds, during which other threads cannot allocate. Has no effect with other C libraries.
void return_free_memory() noexcept;

}  // namespace cohort
