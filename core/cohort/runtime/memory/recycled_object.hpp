// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

#include <cohort/runtime/memory/recycling_allocator.hpp>

namespace cohort {

/// Base class for types whose objects each request creates with `new` or `std::make_unique`. Allocates the objects from
/// recycled memory.
struct recycled_object {
  static void* operator new(std::size_t size) { return detail::allocate_recycled(size); }
  static void operator delete(void* block, std::size_t size) noexcept { detail::deallocate_recycled(block, size); }
};

}  // namespace cohort
