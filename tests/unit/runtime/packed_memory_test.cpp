// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/packed_memory.hpp>

#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <cstring>
#include <set>
#include <thread>
#include <vector>

#include "tests/support/sanitizers.hpp"

namespace cohort {
namespace {

TEST_CASE("packed memory: objects share pages, whatever is allocated between them", "[runtime][memory]") {
#ifdef COHORT_SANITIZED
  SKIP("with a sanitizer, each object is on the heap");
#endif
  constexpr std::size_t object_size = 160;
  std::vector<void*> objects;
  std::vector<std::vector<char>> between;
  std::set<std::uintptr_t> pages;
  for (int i = 0; i < 500; ++i) {
    objects.push_back(detail::allocate_packed(object_size));
    std::memset(objects.back(), i, object_size);
    between.emplace_back(5000);
    pages.insert(reinterpret_cast<std::uintptr_t>(objects.back()) / 4096);
  }

  // 20 pages if no space were lost.
  CHECK(pages.size() < 30);
  for (auto* const object : objects) CHECK(reinterpret_cast<std::uintptr_t>(object) % alignof(std::max_align_t) == 0);
  for (int i = 0; i < 500; ++i) CHECK(*static_cast<unsigned char*>(objects[static_cast<std::size_t>(i)]) == (i & 0xff));
  for (auto* const object : objects) detail::deallocate_packed(object);
}

TEST_CASE("packed memory: another thread frees objects after the end of the thread that allocated them",
          "[runtime][memory][threads]") {
  std::vector<void*> objects;
  std::thread{[&] {
    for (std::size_t i = 0; i < 1000; ++i) objects.push_back(detail::allocate_packed(1 + i % 1024));
  }}.join();
  std::thread{[&] {
    for (std::size_t i = 0; i < 1000; i += 2) detail::deallocate_packed(objects[i]);
  }}.join();
  for (std::size_t i = 1; i < 1000; i += 2) {
    std::memset(objects[i], 0, 1 + i % 1024);
    detail::deallocate_packed(objects[i]);
  }
  CHECK(objects.size() == 1000);
}

}  // namespace
}  // namespace cohort
