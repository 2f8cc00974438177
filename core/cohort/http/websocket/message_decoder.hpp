// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <cohort/http/websocket/frame.hpp>

namespace cohort::http {

struct websocket_message {
  enum class kind { text, binary };
  kind type = kind::text;
  /// The payload; valid UTF-8 for a text message.
  std::string data;
};

/// Decodes the frames of a peer into messages and control frames. Performs no I/O. After a failure or a close frame,
/// the decoder must not be used.
class message_decoder {
 public:
  struct settings {
    websocket_role sender = websocket_role::client;
    /// Maximum size of a message, before and after decompression, in bytes.
    std::size_t max_message_bytes = 1024 * 1024;
    /// Whether permessage-deflate was negotiated.
    bool allows_compression = false;
  };
  enum class event {
    /// More bytes are needed.
    none,
    /// `message()`
    message,
    /// `payload()`
    ping,
    pong,
    /// A close frame: see `close_code()` and `payload()`, the reason.
    close,
    /// The peer violated the protocol or a limit: see `close_code()` and `payload()`, the description.
    failure,
  };

  explicit message_decoder(const settings& decoder_settings) : settings_(decoder_settings) {}

  /// Maximum number of frames of a message: one per 64 bytes of its maximum size, but at least 1,024. Frames may be
  /// empty, so the maximum size of a message does not limit their number.
  static constexpr std::size_t max_frames(std::size_t max_message_bytes) noexcept {
    return std::max<std::size_t>(max_message_bytes / 64, 1024);
  }

  /// Consumes bytes from the front of `input` up to the next event. `none`: the remaining bytes, at most 13, are the
  /// start of a frame header and must be passed again with the following bytes.
  event next(std::string_view& input);

  /// Valid until the next call of `next`.
  websocket_message& message() noexcept { return message_; }
  const std::string& payload() const noexcept { return control_payload_; }
  std::uint16_t close_code() const noexcept { return close_code_; }
  /// The size of the incomplete message, in bytes.
  std::size_t buffered_bytes() const noexcept { return has_returned_message_ ? 0 : message_.data.size(); }

 private:
  event start_frame(const frame_header& header);
  event end_frame();
  event end_message();
  event end_control_frame();
  event fail(std::uint16_t code, std::string_view description);

  settings settings_;
  websocket_message message_;
  bool has_returned_message_ = false;
  bool is_in_message_ = false;
  /// Number of frames received of the current message.
  std::size_t frame_count_ = 0;
  bool is_compressed_ = false;
  bool is_in_frame_ = false;
  frame_header frame_;
  /// Number of payload bytes received of the current frame.
  std::uint64_t received_size_ = 0;
  std::string control_payload_;
  std::uint16_t close_code_ = 0;
};

}  // namespace cohort::http
