// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/request/input_buffer.hpp>

#include <algorithm>
#include <cstring>

namespace cohort::http {
namespace {
/// Initial capacity; sufficient for most requests. A connection that waits for a request has no buffer; an upgraded
/// connection keeps the buffer of its request.
constexpr std::size_t initial_capacity = 2 * 1024;
}  // namespace

bool input_buffer::reserve() {
  if (empty()) clear();
  if (end_ < memory_.capacity) return true;
  if (begin_ > 0) {
    std::memmove(memory_.bytes, memory_.bytes + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    return true;
  }
  const auto new_capacity = std::min(memory_.capacity == 0 ? initial_capacity : memory_.capacity * 2, max_bytes_);
  if (new_capacity <= memory_.capacity) return false;
  block larger_block{new_capacity};
  if (end_ > 0) std::memcpy(larger_block.bytes, memory_.bytes, end_);
  memory_ = std::move(larger_block);
  return true;
}

void input_buffer::release() noexcept {
  if (!empty()) return;
  clear();
  memory_ = block{};
  preserved_ = block{};
}

void input_buffer::preserve_consumed() {
  if (preserved_.capacity < memory_.capacity) preserved_ = block{memory_.capacity};
  std::memcpy(preserved_.bytes, memory_.bytes + begin_, end_ - begin_);
  std::swap(memory_, preserved_);
  end_ -= begin_;
  begin_ = 0;
}

}  // namespace cohort::http
