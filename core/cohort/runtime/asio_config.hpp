// SPDX-License-Identifier: BSL-1.0
#pragma once

// The macros with which Asio and Beast are compiled in Cohort. The macros change class layouts: if parts of a program
// define them differently, memory is corrupted. The targets cohort::runtime (CMake) and cohort (pkg-config) define
// them.
#if !defined(BOOST_ASIO_SEPARATE_COMPILATION) || !defined(BOOST_BEAST_SEPARATE_COMPILATION) || \
    !defined(BOOST_ASIO_NO_DEPRECATED)
#error \
    "Cohort: a BOOST_ASIO_* macro is missing. Link the CMake target cohort::cohort, or use `pkg-config --cflags cohort`."
#endif
#if !defined(BOOST_ASIO_RECYCLING_ALLOCATOR_CACHE_SIZE) || BOOST_ASIO_RECYCLING_ALLOCATOR_CACHE_SIZE != 16
#error "Cohort: BOOST_ASIO_RECYCLING_ALLOCATOR_CACHE_SIZE must be 16, as in the compiled library. Do not define it."
#endif

#include <boost/version.hpp>

// The linker checks the version of Boost: the name of this symbol contains the version that the library was compiled
// with. An undefined symbol `cohort::compiled_with_boost_<version>` means that the program uses the headers of another
// version.
#define COHORT_CONCATENATE_EXPANDED(a, b) a##b
#define COHORT_CONCATENATE(a, b) COHORT_CONCATENATE_EXPANDED(a, b)
#define COHORT_COMPILED_WITH_BOOST COHORT_CONCATENATE(compiled_with_boost_, BOOST_VERSION)

namespace cohort {
extern const char COHORT_COMPILED_WITH_BOOST;
namespace detail {
[[gnu::used]] inline const char* const boost_version_reference = &COHORT_COMPILED_WITH_BOOST;
}
}  // namespace cohort
