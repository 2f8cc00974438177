// SPDX-License-Identifier: BSL-1.0
#pragma once

// Defines COHORT_ADDRESS_SANITIZER and COHORT_THREAD_SANITIZER if the code is compiled with these sanitizers. GCC
// defines macros for them; Clang reports them by `__has_feature`.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define COHORT_ADDRESS_SANITIZER
#endif
#if __has_feature(thread_sanitizer)
#define COHORT_THREAD_SANITIZER
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) && !defined(COHORT_ADDRESS_SANITIZER)
#define COHORT_ADDRESS_SANITIZER
#endif
#if defined(__SANITIZE_THREAD__) && !defined(COHORT_THREAD_SANITIZER)
#define COHORT_THREAD_SANITIZER
#endif
