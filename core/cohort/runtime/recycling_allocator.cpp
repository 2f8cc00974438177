// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/recycling_allocator.hpp>

#include <array>
#include <new>
#include <utility>

#include <cohort/runtime/platform/sanitizers.hpp>
#include <cohort/runtime/thread_object.hpp>

// A freed block that is not returned to the heap would hide its later use from the sanitizer.
namespace cohort::detail {

#ifdef COHORT_ADDRESS_SANITIZER

void* allocate_recycled(std::size_t size) { return ::operator new(size); }
void deallocate_recycled(void* block, std::size_t) noexcept { ::operator delete(block); }

#else

namespace {

/// The size of a block is a multiple of this plus 8 bytes. glibc adds a header of 8 bytes and rounds up to a multiple
/// of 16, so these sizes waste nothing.
constexpr std::size_t size_step = 16;
constexpr std::size_t max_size = 4 * 1024;
constexpr std::size_t max_kept_bytes = 256 * 1024;

constexpr std::size_t list_of(std::size_t size) noexcept { return (size + 7) / size_step; }
constexpr std::size_t block_size(std::size_t list) noexcept { return list * size_step + 8; }

struct free_block {
  free_block* next;
};

/// The free blocks of a thread. Trivially destructible, since objects that outlive the thread's other variables still
/// free their memory.
struct free_lists {
  std::array<free_block*, list_of(max_size) + 1> first;
  /// The bytes that may still be kept. Zero before the first block and after the end of the thread.
  std::size_t allowance;
  bool is_registered;
};
constinit thread_local free_lists lists{};

/// Returns the blocks to the heap when the thread ends.
struct release_at_thread_end {
  ~release_at_thread_end() {
    lists.allowance = 0;
    for (auto*& first : lists.first) {
      while (first) ::operator delete(std::exchange(first, first->next));
    }
  }
};

/// Frees a block that does not fit the allowance. Keeps the first block of a thread, which has none yet.
[[gnu::noinline]] void deallocate_slow(void* block, std::size_t size) noexcept {
  if (lists.is_registered || size > max_size || !try_thread_object<release_at_thread_end>()) {
    return ::operator delete(block);
  }
  lists.is_registered = true;
  lists.allowance = max_kept_bytes;
  deallocate_recycled(block, size);
}

}  // namespace

void* allocate_recycled(std::size_t size) {
  if (size > max_size) return ::operator new(size);
  const auto list = list_of(size);
  auto* const block = lists.first[list];
  if (!block) return ::operator new(block_size(list));
  lists.first[list] = block->next;
  lists.allowance += block_size(list);
  return block;
}

void deallocate_recycled(void* block, std::size_t size) noexcept {
  const auto list = list_of(size);
  if (size > max_size || block_size(list) > lists.allowance) return deallocate_slow(block, size);
  lists.first[list] = new (block) free_block{lists.first[list]};
  lists.allowance -= block_size(list);
}

#endif

}  // namespace cohort::detail
