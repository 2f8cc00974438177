// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/buffer.hpp>
#include <cstddef>
#include <memory>
#include <string_view>

namespace cohort::http {

/// The received, not yet consumed bytes of a connection, contiguous in memory. It grows up to a limit; a consumed
/// header can be preserved, so that views into it stay valid while the body is read.
class input_buffer {
 public:
  explicit input_buffer(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  /// The bytes that were received and not consumed; invalidated by `reserve`.
  std::string_view unread() const noexcept { return {bytes_.get() + begin_, end_ - begin_}; }
  bool empty() const noexcept { return begin_ == end_; }
  /// Precondition: `count` is at most the size of `unread`.
  void consume(std::size_t count) noexcept { begin_ += count; }
  void clear() noexcept { begin_ = end_ = 0; }

  /// Ensures that `free_space` is not empty, by moving or growing; false if it is full of unread bytes.
  bool reserve();
  /// The memory to read into.
  boost::asio::mutable_buffer free_space() noexcept { return {bytes_.get() + end_, capacity_ - end_}; }
  /// Appends the first `count` bytes of `free_space` to the unread ones.
  void commit(std::size_t count) noexcept { end_ += count; }

  /// Keeps views into the consumed bytes valid until the next call: moves the unread bytes to another block of memory.
  void preserve_consumed();

 private:
  std::size_t max_bytes_;
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::unique_ptr<char[]> preserved_;
  std::size_t preserved_capacity_ = 0;
};

}  // namespace cohort::http
