// SPDX-License-Identifier: BSL-1.0
#include <boost/asio/post.hpp>
#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <set>
#include <thread>
#include <vector>

#include <cohort/runtime/loop.hpp>
#include <cohort/runtime/memory/recycling_allocator.hpp>
#include <cohort/runtime/memory/recycling_extension.hpp>
#include <cohort/runtime/platform/sanitizers.hpp>

namespace cohort {
namespace {

/// With AddressSanitizer each block is returned to the heap, which detects its later use.
#ifdef COHORT_ADDRESS_SANITIZER
constexpr bool is_recycling = false;
#else
constexpr bool is_recycling = true;
#endif

TEST_CASE("recycling_allocator: an allocation reuses the block that the thread freed last", "[runtime]") {
  recycling_allocator<char> allocator;
  auto* const first = allocator.allocate(700);
  auto* const second = allocator.allocate(700);
  CHECK(first != second);
  allocator.deallocate(second, 700);
  allocator.deallocate(first, 700);
  // A size that is rounded to the same block size.
  auto* const reused_block = allocator.allocate(698);
  if (is_recycling) CHECK(reused_block == first);
  allocator.deallocate(reused_block, 698);
}

TEST_CASE("recycling_allocator: blocks of all sizes are large enough and do not overlap", "[runtime]") {
  for (int round = 0; round < 2; ++round) {
    std::vector<recycled_string> texts;
    for (std::size_t size = 1; size < 6000; size += 61) texts.emplace_back(size, static_cast<char>('a' + size % 26));
    for (const auto& text : texts) {
      CHECK(text.find_first_not_of(static_cast<char>('a' + text.size() % 26)) == recycled_string::npos);
    }
  }
}

TEST_CASE("recycling_allocator: a thread keeps at most 256 KiB of freed blocks", "[runtime][threads]") {
  // A new thread keeps no blocks yet.
  std::vector<char*> blocks(1000);
  char* last_kept_block = nullptr;
  std::thread{[&] {
    recycling_allocator<char> allocator;
    for (auto*& block : blocks) block = allocator.allocate(4096);
    for (auto* const block : blocks) allocator.deallocate(block, 4096);
    last_kept_block = allocator.allocate(4096);
    allocator.deallocate(last_kept_block, 4096);
  }}.join();
  CHECK(std::set<char*>(blocks.begin(), blocks.end()).size() == blocks.size());
  if (is_recycling) CHECK(static_cast<void*>(last_kept_block) == blocks[256 * 1024 / 4104 - 1]);
}

TEST_CASE("recycling_allocator: memory can be freed by another thread and after a thread has ended",
          "[runtime][threads]") {
  recycled_vector<int> numbers;
  std::thread{[&] { numbers.assign(100, 7); }}.join();
  CHECK(numbers == recycled_vector<int>(100, 7));
  std::thread{[moved = std::move(numbers)]() mutable { moved = recycled_vector<int>{}; }}.join();
}

using detail::recycling_extension;

constexpr std::size_t block_bytes = 4096;
/// More blocks than a thread keeps without an extension.
constexpr std::size_t two_mib_block_count = 512;

/// Allocates blocks of 4 KiB, all live simultaneously, and returns their addresses.
std::set<char*> allocate_and_free_blocks(std::size_t count) {
  recycling_allocator<char> allocator;
  std::set<char*> blocks;
  for (std::size_t i = 0; i < count; ++i) blocks.insert(allocator.allocate(block_bytes));
  for (auto* const block : blocks) allocator.deallocate(block, block_bytes);
  return blocks;
}

/// Runs `work` on a thread that keeps no blocks yet, with an extension. Returns the number of times that the extension
/// reported growth.
int run_with_extension(const std::function<void()>& work) {
  int growth_count = 0;
  std::thread{[&] {
    const recycling_extension extension{&growth_count, [](void* count) noexcept { ++*static_cast<int*>(count); }};
    work();
  }}.join();
  return growth_count;
}

TEST_CASE("recycling_extension: a thread keeps at most 2 MiB, and reports once that it keeps more than 256 KiB",
          "[runtime][threads]") {
  std::set<char*> first;
  std::set<char*> second;
  const int growth_count = run_with_extension([&] {
    first = allocate_and_free_blocks(two_mib_block_count);
    second = allocate_and_free_blocks(two_mib_block_count);
  });
  if (is_recycling) CHECK(first == second);
  CHECK(growth_count == (is_recycling ? 1 : 0));
  CHECK(run_with_extension([] { allocate_and_free_blocks(1); }) == 0);
}

TEST_CASE("recycling_extension: trim keeps the blocks that were used since the previous call", "[runtime][threads]") {
  std::vector<bool> exceeds_base_limit;
  const int growth_count = run_with_extension([&] {
    allocate_and_free_blocks(two_mib_block_count);
    exceeds_base_limit.push_back(recycling_extension::trim());
    allocate_and_free_blocks(two_mib_block_count);
    exceeds_base_limit.push_back(recycling_extension::trim());
    allocate_and_free_blocks(100);
    exceeds_base_limit.push_back(recycling_extension::trim());
    allocate_and_free_blocks(10);
    exceeds_base_limit.push_back(recycling_extension::trim());
    allocate_and_free_blocks(two_mib_block_count);
    exceeds_base_limit.push_back(recycling_extension::trim());
  });
  const std::vector<bool> expected{true, true, true, false, true};
  if (is_recycling) CHECK(exceeds_base_limit == expected);
  // The extension reported growth once more after the trim that ended below 256 KiB.
  if (is_recycling) CHECK(growth_count == 2);
}

TEST_CASE("recycling_extension: release_recycled frees all blocks", "[runtime][threads]") {
  std::vector<bool> released;
  run_with_extension([&] {
    released.push_back(detail::release_recycled());
    allocate_and_free_blocks(two_mib_block_count);
    released.push_back(detail::release_recycled());
    released.push_back(detail::release_recycled());
    released.push_back(recycling_extension::trim());
  });
  CHECK(released == std::vector<bool>{false, is_recycling, false, false});
}

TEST_CASE("recycling_extension: a loop arms a timer only while it keeps more than 256 KiB", "[runtime][threads]") {
  loop event_loop;
  std::size_t idle_timer_count = 0;
  std::size_t grown_timer_count = 0;
  std::thread{[&] {
    asio::post(event_loop.get_executor(), [&] {
      allocate_and_free_blocks(10);
      idle_timer_count = event_loop.timers().armed_count();
      allocate_and_free_blocks(two_mib_block_count);
      grown_timer_count = event_loop.timers().armed_count();
      event_loop.stop();
    });
    event_loop.run();
  }}.join();
  CHECK(idle_timer_count == 0);
  CHECK(grown_timer_count == (is_recycling ? 1U : 0U));
  CHECK(event_loop.timers().armed_count() == 0);
}

}  // namespace
}  // namespace cohort
