// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <set>
#include <thread>

#include <cohort/runtime/recycling_allocator.hpp>

namespace cohort {
namespace {

/// With AddressSanitizer each block is returned to the heap, which detects its later use.
constexpr bool is_recycling =
#if defined(__SANITIZE_ADDRESS__)
    false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
    false;
#else
    true;
#endif
#else
    true;
#endif

TEST_CASE("recycling_allocator: a thread gets the block that it freed last", "[runtime]") {
  recycling_allocator<char> allocator;
  auto* const first = allocator.allocate(700);
  auto* const second = allocator.allocate(700);
  CHECK(first != second);
  allocator.deallocate(second, 700);
  allocator.deallocate(first, 700);
  // A size that is rounded to the same.
  auto* const again = allocator.allocate(698);
  if (is_recycling) CHECK(again == first);
  allocator.deallocate(again, 698);
}

TEST_CASE("recycling_allocator: blocks of all sizes hold their bytes and do not overlap", "[runtime]") {
  for (int round = 0; round < 2; ++round) {
    std::vector<recycled_string> texts;
    for (std::size_t size = 1; size < 6000; size += 61) texts.emplace_back(size, static_cast<char>('a' + size % 26));
    for (const auto& text : texts) {
      CHECK(text.find_first_not_of(static_cast<char>('a' + text.size() % 26)) == recycled_string::npos);
    }
  }
}

TEST_CASE("recycling_allocator: a thread keeps 256 KiB", "[runtime][threads]") {
  // A new thread, which has kept nothing yet.
  std::vector<char*> blocks(1000);
  char* latest_kept = nullptr;
  std::thread{[&] {
    recycling_allocator<char> allocator;
    for (auto*& block : blocks) block = allocator.allocate(4096);
    for (auto* const block : blocks) allocator.deallocate(block, 4096);
    latest_kept = allocator.allocate(4096);
    allocator.deallocate(latest_kept, 4096);
  }}.join();
  CHECK(std::set<char*>(blocks.begin(), blocks.end()).size() == blocks.size());
  if (is_recycling) CHECK(static_cast<void*>(latest_kept) == blocks[256 * 1024 / 4104 - 1]);
}

TEST_CASE("recycling_allocator: memory can be freed by another thread and after a thread has ended",
          "[runtime][threads]") {
  recycled_vector<int> numbers;
  std::thread{[&] { numbers.assign(100, 7); }}.join();
  CHECK(numbers == recycled_vector<int>(100, 7));
  std::thread{[moved = std::move(numbers)]() mutable { moved = recycled_vector<int>{}; }}.join();
}

}  // namespace
}  // namespace cohort
