#include "core/service/ballast.hpp"

#include <sys/mman.h>

#include <algorithm>

namespace cohort::service {
namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20U;
/// A millisecond or two of page faults.
constexpr std::size_t piece = 4 * mebibyte;
constexpr duration pause = std::chrono::milliseconds{1};
/// No larger than any machine's page.
constexpr std::size_t page = 4096;

}  // namespace

void ballast::unmap::operator()(std::byte* block) const noexcept { ::munmap(block, size); }

ballast::ballast(loop& home) : home_(home), next_(home.timers(), this) {}

bool ballast::resize(std::size_t bytes) {
  if (bytes == size_) return true;
  next_.disarm();
  block_.reset();
  size_ = touched_ = 0;
  if (bytes == 0) return true;
  // Not of the allocator, which keeps what it likes of what is freed.
  void* const mapped = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return false;
  block_ = {static_cast<std::byte*>(mapped), unmap{bytes}};
  size_ = bytes;
  next_.arm(home_.now());
  return true;
}

void ballast::touch_some() {
  const auto end = std::min(touched_ + piece, size_);
  for (; touched_ < end; touched_ = std::min(touched_ + page, end)) {
    // Else a compiler may see that nobody reads it.
    *static_cast<volatile std::byte*>(block_.get() + touched_) = std::byte{1};
  }
  if (touched_ < size_) next_.arm(home_.now() + pause);
}

}  // namespace cohort::service
