// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <set>
#include <thread>
#include <vector>

#include <cohort/runtime/memory/packed_memory.hpp>
#include <cohort/runtime/platform/memory_reserve.hpp>

#include "tests/support/sanitizers.hpp"

namespace cohort {
namespace {

/// Objects of 160 bytes, with other memory allocated between them.
class packed_objects {
 public:
  packed_objects() {
    for (std::size_t i = 0; i < count; ++i) {
      objects_.push_back(detail::allocate_packed(size));
      std::memset(objects_.back(), static_cast<int>(i), size);
      interleaved_blocks_.emplace_back(5000);
    }
  }
  ~packed_objects() {
    for (auto* const object : objects_) detail::deallocate_packed(object);
  }
  packed_objects(const packed_objects&) = delete;
  packed_objects& operator=(const packed_objects&) = delete;

  void check_contents() const {
    for (std::size_t i = 0; i < count; ++i) {
      CHECK(reinterpret_cast<std::uintptr_t>(objects_[i]) % detail::packed_alignment == 0);
      const auto* const bytes = static_cast<const unsigned char*>(objects_[i]);
      CHECK(std::count(bytes, bytes + size, i & 0xff) == static_cast<std::ptrdiff_t>(size));
    }
  }
  std::size_t page_count() const {
    std::set<std::uintptr_t> pages;
    for (auto* const object : objects_) pages.insert(reinterpret_cast<std::uintptr_t>(object) / 4096);
    return pages.size();
  }

  static constexpr std::size_t count = 500;

 private:
  static constexpr std::size_t size = 160;
  std::vector<void*> objects_;
  std::vector<std::vector<char>> interleaved_blocks_;
};

TEST_CASE("packed memory: objects share pages, regardless of allocations between them", "[runtime][memory]") {
  const packed_objects objects;
  objects.check_contents();
#ifndef COHORT_SANITIZED
  // At least 21 pages are needed, and a chunk may start in the middle of a page. A sanitizer's heap places blocks by
  // size.
  CHECK(objects.page_count() < 40);
#endif
}

TEST_CASE("packed memory: while memory is low, each object has a separate heap block", "[runtime][memory][threads]") {
  memory_reserve::install();
  std::get_new_handler()();
  REQUIRE(memory_reserve::is_low());
  {
    // A new thread has no chunk yet.
    std::unique_ptr<packed_objects> objects;
    std::thread{[&] { objects = std::make_unique<packed_objects>(); }}.join();
    objects->check_contents();
#ifndef COHORT_SANITIZED
    CHECK(objects->page_count() > packed_objects::count / 2);
#endif
  }
  memory_reserve::refill();
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
