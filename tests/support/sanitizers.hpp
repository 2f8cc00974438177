// SPDX-License-Identifier: BSL-1.0
#pragma once

// Defined in builds with AddressSanitizer or ThreadSanitizer, whose runtimes need additional memory and descriptors,
// and terminate the program at allocations that cannot succeed.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define COHORT_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define COHORT_SANITIZED
#endif
#endif
