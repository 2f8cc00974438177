// SPDX-License-Identifier: BSL-1.0
#include <cohort/faults/ballast.hpp>

#include <sys/mman.h>

#include <algorithm>

namespace cohort::faults {
namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20U;
/// Number of bytes that are made resident in one step; the page faults of a step take one or two milliseconds.
constexpr std::size_t chunk_bytes = 4 * mebibyte;
constexpr duration pause = std::chrono::milliseconds{1};
/// The smallest page size of the supported platforms.
constexpr std::size_t page_size = 4096;

}  // namespace

void ballast::memory_unmapper::operator()(std::byte* block) const noexcept { ::munmap(block, size); }

ballast::ballast(loop& event_loop) : loop_(event_loop), touch_timer_(event_loop.timers(), this) {}

bool ballast::resize(std::size_t bytes) {
  if (bytes == size_) return true;
  touch_timer_.disarm();
  block_.reset();
  size_ = touched_bytes_ = 0;
  if (bytes == 0) return true;
  // The memory is mapped, not allocated: an allocator may keep freed memory.
  void* const mapping = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED) return false;
  block_ = {static_cast<std::byte*>(mapping), memory_unmapper{bytes}};
  size_ = bytes;
  touch_timer_.arm(loop_.now());
  return true;
}

void ballast::touch_chunk() {
  const auto end = std::min(touched_bytes_ + chunk_bytes, size_);
  for (; touched_bytes_ < end; touched_bytes_ = std::min(touched_bytes_ + page_size, end)) {
    // The store is volatile, because the compiler may remove other stores that are never read.
    *static_cast<volatile std::byte*>(block_.get() + touched_bytes_) = std::byte{1};
  }
  if (touched_bytes_ < size_) touch_timer_.arm(loop_.now() + pause);
}

}  // namespace cohort::faults
