// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

#include <cohort/runtime/memory/recycling_allocator.hpp>

namespace cohort {

/// Base class that allocates objects from recycled memory, for types of which each request creates objects with `new`
/// or `std::make_unique`.
struct recycled_object {
  static void* operator new(std::size_t size) { return detail::allocate_recycled(size); }
  static void operator delete(void* block, std::size_t size) noexcept { detail::deallocate_recycled(block, size); }
};

}  // namespace cohort
