// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/buffer.hpp>
#include <cstddef>
#include <string_view>
#include <utility>

#include <cohort/net/stream.hpp>
#include <cohort/runtime/memory/recycling_allocator.hpp>

namespace cohort::http {

/// The received, not yet consumed bytes of a connection, contiguous in memory. The buffer grows up to a limit; a
/// consumed header can be preserved, so that views into it stay valid while the body is read.
class input_buffer final : public net::read_memory {
 public:
  explicit input_buffer(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  /// The bytes that were received and not consumed; invalidated by `reserve`.
  std::string_view unread() const noexcept { return {memory_.bytes + begin_, end_ - begin_}; }
  bool empty() const noexcept { return begin_ == end_; }
  /// Precondition: `count` is at most the size of `unread`.
  void consume(std::size_t count) noexcept { begin_ += count; }
  void clear() noexcept { begin_ = end_ = 0; }

  /// Ensures that `free_space` is not empty, by moving bytes or growing; returns false if the buffer is full of unread
  /// bytes.
  bool reserve();
  /// The memory to read into.
  boost::asio::mutable_buffer free_space() noexcept { return {memory_.bytes + end_, memory_.capacity - end_}; }
  /// Appends the first `count` bytes of `free_space` to the unread bytes.
  void commit(std::size_t count) noexcept { end_ += count; }

  boost::asio::mutable_buffer prepare() override {
    reserve();
    return free_space();
  }
  /// Releases the memory if there are no unread bytes. Views into consumed bytes become invalid.
  void release() noexcept override;

  /// Keeps views into the consumed bytes valid until the next call: moves the unread bytes to another block of memory.
  void preserve_consumed();

 private:
  struct block {
    block() noexcept = default;
    explicit block(std::size_t size) : bytes(recycling_allocator<char>{}.allocate(size)), capacity(size) {}
    ~block() {
      if (bytes) recycling_allocator<char>{}.deallocate(bytes, capacity);
    }
    block(block&& other) noexcept
        : bytes(std::exchange(other.bytes, nullptr)), capacity(std::exchange(other.capacity, 0)) {}
    block& operator=(block&& other) noexcept {
      std::swap(bytes, other.bytes);
      std::swap(capacity, other.capacity);
      return *this;
    }

    char* bytes = nullptr;
    std::size_t capacity = 0;
  };

  std::size_t max_bytes_;
  block memory_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  block preserved_;
};

}  // namespace cohort::http
