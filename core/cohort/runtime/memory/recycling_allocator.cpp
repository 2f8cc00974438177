// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/memory/recycling_allocator.hpp>

#include <array>
#include <cassert>
#include <cstdint>
#include <new>
#include <utility>

#include <cohort/runtime/memory/recycling_extension.hpp>
#include <cohort/runtime/platform/memory_reserve.hpp>
#include <cohort/runtime/platform/sanitizers.hpp>
#include <cohort/runtime/thread_object.hpp>

// AddressSanitizer does not detect the use of a freed block that is kept for reuse, so each block returns to the heap.
namespace cohort::detail {

#ifdef COHORT_ADDRESS_SANITIZER

void* allocate_recycled(std::size_t size) { return ::operator new(size); }
void deallocate_recycled(void* block, std::size_t) noexcept { ::operator delete(block); }
recycling_extension::recycling_extension(void*, growth_function) noexcept {}
recycling_extension::~recycling_extension() = default;
bool recycling_extension::trim() noexcept { return false; }
bool release_recycled() noexcept { return false; }

#else

namespace {

/// The size of a block is a multiple of this plus 8 bytes. glibc adds a header of 8 bytes and rounds up to a multiple
/// of 16, so these sizes waste no memory.
constexpr std::size_t size_step = 16;
constexpr std::size_t max_size = 4 * 1024;
constexpr std::size_t max_kept_bytes = 256 * 1024;
/// 64 concurrent requests of dashboard-service, each with three upstream calls, take 2 MiB.
constexpr std::size_t max_extended_bytes = 4 * 1024 * 1024;

constexpr std::size_t list_index(std::size_t size) noexcept { return (size + 7) / size_step; }
constexpr std::size_t block_size(std::size_t list_number) noexcept { return list_number * size_step + 8; }

/// A free block, with a mark in the lowest bit of the pointer to the next block.
class free_block {
 public:
  explicit free_block(free_block* next) noexcept : next_(reinterpret_cast<std::uintptr_t>(next)) {}
  free_block* next() const noexcept { return reinterpret_cast<free_block*>(next_ & ~std::uintptr_t{1}); }
  void set_next(free_block* next) noexcept { next_ = reinterpret_cast<std::uintptr_t>(next) | (next_ & 1); }
  bool is_marked() const noexcept { return (next_ & 1) != 0; }
  void mark() noexcept { next_ |= 1; }

 private:
  std::uintptr_t next_;
};

/// The free blocks of a thread. Trivially destructible, because objects that outlive the thread's other variables still
/// free memory.
struct free_lists {
  std::array<free_block*, list_index(max_size) + 1> first_blocks;
  /// The number of bytes that can still be added; zero before the first block and after the end of the thread.
  std::size_t allowance_bytes;
  /// The sum of the allowance and the kept bytes.
  std::size_t limit_bytes;
  bool is_registered;
  recycling_extension::growth_function on_growth;
  void* extension_owner;

  std::size_t kept_bytes() const noexcept { return limit_bytes - allowance_bytes; }

  /// Precondition: at most `bytes` bytes are kept.
  void set_limit(std::size_t bytes) noexcept {
    assert(kept_bytes() <= bytes);
    allowance_bytes = bytes - kept_bytes();
    limit_bytes = bytes;
  }

  /// Frees `block` and the blocks after it, until at most `bytes` bytes are kept. Returns the first block that remains.
  free_block* release_from(free_block* block, std::size_t list_number, std::size_t bytes) noexcept {
    while (block && kept_bytes() > bytes) {
      ::operator delete(std::exchange(block, block->next()));
      allowance_bytes += block_size(list_number);
    }
    return block;
  }

  void release(std::size_t bytes) noexcept {
    for (std::size_t list_number = 0; list_number < first_blocks.size(); ++list_number)
      first_blocks[list_number] = release_from(first_blocks[list_number], list_number, bytes);
  }

  /// Frees marked blocks until at most `bytes` bytes are kept, and marks the other blocks. Allocating a block removes
  /// its mark. Blocks are taken from the front of their list and returned to the front, so the marked blocks are at the
  /// end.
  void release_marked(std::size_t bytes) noexcept {
    for (std::size_t list_number = 0; list_number < first_blocks.size(); ++list_number) {
      free_block* last_unmarked = nullptr;
      auto* block = first_blocks[list_number];
      for (; block && !block->is_marked(); block = block->next()) {
        block->mark();
        last_unmarked = block;
      }
      block = release_from(block, list_number, bytes);
      last_unmarked ? last_unmarked->set_next(block) : void(first_blocks[list_number] = block);
    }
  }
};
constinit thread_local free_lists lists{};

/// Returns the blocks to the heap when the thread ends.
struct free_list_releaser {
  ~free_list_releaser() {
    lists.release(0);
    lists.set_limit(0);
  }
};

/// Frees a block that exceeds the allowance. Keeps the first block of a thread, which has no allowance yet, and the
/// first block of the extension.
[[gnu::noinline]] void deallocate_slow(void* block, std::size_t size) noexcept {
  if (size > max_size) return ::operator delete(block);
  if (!lists.is_registered) {
    if (!try_thread_object<free_list_releaser>()) return ::operator delete(block);
    lists.is_registered = true;
    lists.set_limit(max_kept_bytes);
  } else if (lists.on_growth && lists.limit_bytes == max_kept_bytes && !memory_reserve::is_low()) {
    lists.set_limit(max_extended_bytes);
    lists.on_growth(lists.extension_owner);
  } else {
    return ::operator delete(block);
  }
  deallocate_recycled(block, size);
}

}  // namespace

void* allocate_recycled(std::size_t size) {
  if (size > max_size) return ::operator new(size);
  const auto list_number = list_index(size);
  auto* const block = lists.first_blocks[list_number];
  if (!block) return ::operator new(block_size(list_number));
  auto* const next = block->next();
  lists.first_blocks[list_number] = next;
  // With many concurrent requests, a free block is no longer in the CPU cache when it is reused.
  __builtin_prefetch(next, 1);
  lists.allowance_bytes += block_size(list_number);
  return block;
}

void deallocate_recycled(void* block, std::size_t size) noexcept {
  const auto list_number = list_index(size);
  if (size > max_size || block_size(list_number) > lists.allowance_bytes) return deallocate_slow(block, size);
  lists.first_blocks[list_number] = new (block) free_block{lists.first_blocks[list_number]};
  lists.allowance_bytes -= block_size(list_number);
}

recycling_extension::recycling_extension(void* owner, growth_function on_growth) noexcept {
  assert(!lists.on_growth);
  lists.extension_owner = owner;
  lists.on_growth = on_growth;
}

recycling_extension::~recycling_extension() {
  lists.on_growth = nullptr;
  if (lists.limit_bytes <= max_kept_bytes) return;
  lists.release(max_kept_bytes);
  lists.set_limit(max_kept_bytes);
}

bool recycling_extension::trim() noexcept {
  memory_reserve::is_low() ? lists.release(0) : lists.release_marked(max_kept_bytes);
  if (lists.kept_bytes() > max_kept_bytes) return true;
  if (lists.limit_bytes > max_kept_bytes) lists.set_limit(max_kept_bytes);
  return false;
}

bool release_recycled() noexcept {
  if (lists.kept_bytes() == 0) return false;
  lists.release(0);
  return true;
}

#endif

}  // namespace cohort::detail
