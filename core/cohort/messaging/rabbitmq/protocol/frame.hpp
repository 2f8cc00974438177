// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cohort::messaging::rabbitmq {

/// Types of frames (AMQP 0-9-1, section 4.2.3).
enum class frame_type : std::uint8_t { method = 1, header = 2, body = 3, heartbeat = 8 };

struct frame {
  frame_type type;
  std::uint16_t channel;
  /// A view of the parser's input.
  std::string_view payload;
};

/// Bytes of a frame in addition to its payload: type, channel, size and end octet.
inline constexpr std::size_t frame_overhead = 8;

/// Splits received bytes into frames. A frame that is larger than the negotiated size, or has an unknown type or an
/// invalid end octet, is an error. The connection must then be closed.
class frame_parser {
 public:
  /// `max_frame_size` is in bytes, including the overhead.
  explicit frame_parser(std::size_t max_frame_size) noexcept : max_frame_size_(max_frame_size) {}

  void set_max_frame_size(std::size_t size) noexcept { max_frame_size_ = size; }
  void append(std::string_view bytes);
  /// The next complete frame; its payload is valid until the next `append`. Empty if more bytes are needed, or after an
  /// error.
  std::optional<frame> next();
  /// The error; empty if there is none.
  const std::string& error() const noexcept { return error_; }

 private:
  std::string buffer_;
  std::size_t position_ = 0;
  std::size_t max_frame_size_;
  std::string error_;
};

/// Appends a frame to `output`. The payload of the frame consists of the bytes that are appended to `output` during the
/// lifetime of this object.
class frame_scope {
 public:
  frame_scope(std::string& output, frame_type type, std::uint16_t channel);
  ~frame_scope();
  frame_scope(const frame_scope&) = delete;
  frame_scope& operator=(const frame_scope&) = delete;

 private:
  std::string& output_;
  std::size_t block_;
};

}  // namespace cohort::messaging::rabbitmq
