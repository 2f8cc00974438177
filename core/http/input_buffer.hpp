#pragma once

#include <boost/asio/buffer.hpp>
#include <cstddef>
#include <memory>
#include <string_view>

namespace cohort::http {

/// The bytes of a connection that have come and are not used up. They lie in one piece, which grows as a header does;
/// a header that is being answered can be set aside, so that views into it stay good while its body is read.
class input_buffer {
 public:
  explicit input_buffer(std::size_t most) : most_(most) {}

  std::string_view unread() const noexcept { return {bytes_.get() + begin_, end_ - begin_}; }
  bool empty() const noexcept { return begin_ == end_; }
  void consume(std::size_t count) noexcept { begin_ += count; }
  void clear() noexcept { begin_ = end_ = 0; }

  /// Makes room for more, moving or growing; false if it is full with what is unread.
  bool make_room();
  boost::asio::mutable_buffer room() noexcept { return {bytes_.get() + end_, capacity_ - end_}; }
  /// So many bytes were put into `room`.
  void commit(std::size_t count) noexcept { end_ += count; }

  /// What was consumed stays where it is, until the next call; what is unread goes on elsewhere.
  void set_consumed_aside();

 private:
  std::size_t most_;
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::unique_ptr<char[]> aside_;
  std::size_t aside_capacity_ = 0;
};

}  // namespace cohort::http
