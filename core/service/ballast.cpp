#include "core/service/ballast.hpp"

#include <algorithm>
#include <new>

namespace cohort::service {
namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20U;
/// A millisecond or two of page faults.
constexpr std::size_t piece = 4 * mebibyte;
constexpr duration pause = std::chrono::milliseconds{1};
/// No larger than any machine's page.
constexpr std::size_t page = 4096;
/// What is larger glibc always maps by itself, so that it is given back whole; and its freeing does not move the border
/// between what is mapped and what is kept (mallopt(3), M_MMAP_THRESHOLD). Address space that is not touched is free.
constexpr std::size_t always_mapped = 33 * mebibyte;

}  // namespace

ballast::ballast(loop& home) : home_(home), next_(home.timers(), this) {}

bool ballast::resize(std::size_t bytes) {
  if (bytes == size_) return true;
  next_.disarm();
  block_.reset();
  size_ = touched_ = 0;
  if (bytes == 0) return true;
  block_.reset(new (std::nothrow) std::byte[std::max(bytes, always_mapped)]);
  if (!block_) return false;
  size_ = bytes;
  next_.arm(home_.now());
  return true;
}

void ballast::touch_some() {
  const auto end = std::min(touched_ + piece, size_);
  for (; touched_ < end; touched_ = std::min(touched_ + page, end)) {
    // Else a compiler may see that nobody reads it.
    *static_cast<volatile std::byte*>(&block_[touched_]) = std::byte{1};
  }
  if (touched_ < size_) next_.arm(home_.now() + pause);
}

}  // namespace cohort::service
