// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/memory/packed_memory.hpp>

#include <atomic>
#include <cassert>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <utility>

#include <cohort/runtime/platform/memory_reserve.hpp>
#include <cohort/runtime/platform/sanitizers.hpp>
#include <cohort/runtime/thread_object.hpp>

namespace cohort::detail {

// AddressSanitizer does not detect overflows within a chunk, so each object has a separate block.
#ifdef COHORT_ADDRESS_SANITIZER

void* allocate_packed(std::size_t size) { return ::operator new(size); }
void deallocate_packed(void* memory) noexcept { ::operator delete(memory); }

#else

namespace {

/// The size of a chunk. With the heap's block header, a chunk occupies two pages.
constexpr std::size_t chunk_size = 8 * 1024 - 16;
[[maybe_unused]] constexpr std::size_t max_object_size = 1024;

/// The header of a chunk.
struct chunk {
  /// The reference count: one for each object, and one for the thread that fills the chunk.
  std::atomic<std::uint32_t> reference_count{1};
  std::uint32_t used_bytes = sizeof(chunk);
};

/// The header that precedes each object.
struct alignas(packed_alignment) object_header {
  /// The chunk of the object; null if the object has a separate block.
  chunk* owner;
};
static_assert(sizeof(object_header) % packed_alignment == 0 && sizeof(chunk) % packed_alignment == 0);

void release(chunk* released_chunk) noexcept {
  if (!released_chunk || released_chunk->reference_count.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  released_chunk->~chunk();
  std::free(released_chunk);
}

/// The chunk that the thread fills.
struct current_chunk {
  chunk* value = nullptr;
  current_chunk() noexcept = default;
  ~current_chunk() { release(value); }
  current_chunk(const current_chunk&) = delete;
  current_chunk& operator=(const current_chunk&) = delete;
};

/// Returns the thread's current chunk if it has at least `size` free bytes, otherwise a new chunk. Returns null if
/// there is no memory for a chunk.
chunk* find_or_allocate_chunk(std::size_t size) noexcept {
  auto* const current = try_thread_object<current_chunk>();
  if (!current) return nullptr;
  if (current->value && current->value->used_bytes + size <= chunk_size) return current->value;
  if (memory_reserve::is_low()) return nullptr;
  // malloc, unlike new, does not release the memory reserve, which is only for allocations that have no fallback.
  void* const memory = std::malloc(chunk_size);
  if (!memory) return nullptr;
  release(std::exchange(current->value, new (memory) chunk));
  return current->value;
}

void* emplace_header(void* block, chunk* owner) noexcept { return new (block) object_header{owner} + 1; }

}  // namespace

void* allocate_packed(std::size_t size) {
  assert(size <= max_object_size);
  size = sizeof(object_header) + (size + packed_alignment - 1) / packed_alignment * packed_alignment;
  auto* const owner = find_or_allocate_chunk(size);
  if (!owner) return emplace_header(::operator new(size), nullptr);
  owner->reference_count.fetch_add(1, std::memory_order_relaxed);
  const auto offset = std::exchange(owner->used_bytes, owner->used_bytes + static_cast<std::uint32_t>(size));
  return emplace_header(reinterpret_cast<std::byte*>(owner) + offset, owner);
}

void deallocate_packed(void* memory) noexcept {
  auto* const header = static_cast<object_header*>(memory) - 1;
  header->owner ? release(header->owner) : ::operator delete(header);
}

#endif

}  // namespace cohort::detail
