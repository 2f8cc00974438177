// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/platform/memory_reserve.hpp>

#include <malloc.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <new>

#include <cohort/runtime/memory/recycling_extension.hpp>

namespace cohort::memory_reserve {
namespace {

std::mutex mutex;
std::array<void*, max_blocks> blocks{};
std::size_t block_count = 0;
bool is_installed = false;
std::atomic<bool> is_released{false};

/// The new-handler, which releases memory before the failed allocation is retried.
void release_memory() {
  const bool has_released_blocks = cohort::detail::release_recycled();
  const std::lock_guard lock{mutex};
  if (block_count == 0) {
    if (has_released_blocks) return;
    throw std::bad_alloc{};
  }
  is_released.store(true, std::memory_order_relaxed);
  std::free(blocks[--block_count]);
}

}  // namespace

void install() {
  {
    const std::lock_guard lock{mutex};
    if (is_installed) return;
    is_installed = true;
  }
  is_released.store(true, std::memory_order_relaxed);
  refill();
  std::set_new_handler(release_memory);
}

bool is_low() noexcept { return is_released.load(std::memory_order_relaxed); }

bool refill() noexcept {
  if (!is_low()) return true;
  const std::lock_guard lock{mutex};
  while (block_count < max_blocks) {
    // malloc does not call the new-handler.
    void* const block = std::malloc(block_bytes);
    if (!block) return false;
    blocks[block_count++] = block;
  }
  is_released.store(false, std::memory_order_relaxed);
  return true;
}

}  // namespace cohort::memory_reserve

#ifdef __GLIBC__
/// Replaces the C library's `aligned_alloc`, which calls no new-handler, in programs with a reserve. Asio allocates the
/// state of its operations with this function. If an allocation fails while Asio destroys a coroutine, the program is
/// terminated. The symbol is weak, so that an allocator that is linked into the program takes precedence.
extern "C" [[gnu::weak]] void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  for (;;) {
    if (void* const block = ::memalign(alignment, size)) return block;
    const auto new_handler = std::get_new_handler();
    if (!new_handler) return nullptr;
    try {
      new_handler();
    } catch (const std::bad_alloc&) {
      return nullptr;
    }
  }
}
#endif
