#include "core/http/input_buffer.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace cohort::http {
namespace {
/// Most requests fit, and ten thousand idle connections cost no more than 40 MB.
constexpr std::size_t first_capacity = 4 * 1024;
}  // namespace

bool input_buffer::make_room() {
  if (empty()) clear();
  if (end_ < capacity_) return true;
  if (begin_ > 0) {
    std::memmove(bytes_.get(), bytes_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    return true;
  }
  const auto wanted = std::min(capacity_ == 0 ? first_capacity : capacity_ * 2, most_);
  if (wanted <= capacity_) return false;
  auto larger = std::make_unique<char[]>(wanted);
  if (end_ > 0) std::memcpy(larger.get(), bytes_.get(), end_);
  bytes_ = std::move(larger);
  capacity_ = wanted;
  return true;
}

void input_buffer::set_consumed_aside() {
  if (aside_capacity_ < capacity_) {
    aside_ = std::make_unique<char[]>(capacity_);
    aside_capacity_ = capacity_;
  }
  std::memcpy(aside_.get(), bytes_.get() + begin_, end_ - begin_);
  std::swap(bytes_, aside_);
  std::swap(capacity_, aside_capacity_);
  end_ -= begin_;
  begin_ = 0;
}

}  // namespace cohort::http
