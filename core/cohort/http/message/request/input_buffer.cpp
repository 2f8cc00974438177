// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/request/input_buffer.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

namespace cohort::http {
namespace {
/// Holds most requests; 10,000 connections take 40 MB.
constexpr std::size_t initial_capacity = 4 * 1024;
}  // namespace

bool input_buffer::reserve() {
  if (empty()) clear();
  if (end_ < capacity_) return true;
  if (begin_ > 0) {
    std::memmove(bytes_.get(), bytes_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    return true;
  }
  const auto new_capacity = std::min(capacity_ == 0 ? initial_capacity : capacity_ * 2, max_bytes_);
  if (new_capacity <= capacity_) return false;
  auto larger = std::make_unique<char[]>(new_capacity);
  if (end_ > 0) std::memcpy(larger.get(), bytes_.get(), end_);
  bytes_ = std::move(larger);
  capacity_ = new_capacity;
  return true;
}

void input_buffer::preserve_consumed() {
  if (preserved_capacity_ < capacity_) {
    preserved_ = std::make_unique<char[]>(capacity_);
    preserved_capacity_ = capacity_;
  }
  std::memcpy(preserved_.get(), bytes_.get() + begin_, end_ - begin_);
  std::swap(bytes_, preserved_);
  std::swap(capacity_, preserved_capacity_);
  end_ -= begin_;
  begin_ = 0;
}

}  // namespace cohort::http
