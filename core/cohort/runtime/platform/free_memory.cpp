// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/platform/free_memory.hpp>

#include <cstdlib>

#include <cohort/runtime/memory/recycling_extension.hpp>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace cohort {

void return_free_memory() noexcept {
  detail::release_recycled();
#ifdef __GLIBC__
  ::malloc_trim(0);
#endif
}

}  // namespace cohort
