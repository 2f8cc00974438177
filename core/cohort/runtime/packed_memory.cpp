// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/packed_memory.hpp>

#include <atomic>
#include <cassert>
#include <cstdint>
#include <new>
#include <utility>

namespace cohort::detail {

// A chunk would hide the end of an object from the sanitizer.
#if defined(__SANITIZE_ADDRESS__)
#define COHORT_NO_PACKING
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define COHORT_NO_PACKING
#endif
#endif

#ifdef COHORT_NO_PACKING

void* allocate_packed(std::size_t size) { return ::operator new(size); }
void deallocate_packed(void* memory) noexcept { ::operator delete(memory); }

#else

namespace {

constexpr std::size_t chunk_size = 8 * 1024;
[[maybe_unused]] constexpr std::size_t max_size = 1024;
constexpr std::size_t alignment = alignof(std::max_align_t);

/// The start of a chunk. Its address is a multiple of `chunk_size`, so that an object leads to its chunk.
struct alignas(alignment) chunk {
  /// The objects, and one for the thread that fills the chunk.
  std::atomic<std::uint32_t> users{1};
  std::uint32_t used = sizeof(chunk);
};

void release(chunk* released) noexcept {
  if (!released || released->users.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  released->~chunk();
  ::operator delete(released, std::align_val_t{chunk_size});
}

/// The chunk that the thread fills.
struct current_chunk {
  chunk* value = nullptr;
  ~current_chunk() { release(std::exchange(value, nullptr)); }
};
thread_local current_chunk current;

}  // namespace

void* allocate_packed(std::size_t size) {
  assert(size <= max_size);
  size = (size + alignment - 1) / alignment * alignment;
  if (!current.value || current.value->used + size > chunk_size) {
    auto* const next = new (::operator new(chunk_size, std::align_val_t{chunk_size})) chunk;
    release(std::exchange(current.value, next));
  }
  auto& filled = *current.value;
  filled.users.fetch_add(1, std::memory_order_relaxed);
  return reinterpret_cast<std::byte*>(&filled) +
         std::exchange(filled.used, filled.used + static_cast<std::uint32_t>(size));
}

void deallocate_packed(void* memory) noexcept {
  release(reinterpret_cast<chunk*>(reinterpret_cast<std::uintptr_t>(memory) & ~(chunk_size - 1)));
}

#endif

}  // namespace cohort::detail
