// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cohort::http {

/// The role of an endpoint. Only a client masks its frames (RFC 6455 section 5.1).
enum class websocket_role { server, client };

/// Status codes of close frames (RFC 6455 section 7.4.1 and the IANA registry).
namespace close_code {
inline constexpr std::uint16_t normal_closure = 1000;
inline constexpr std::uint16_t going_away = 1001;
inline constexpr std::uint16_t protocol_error = 1002;
/// The close frame had no status code. This code is never sent.
inline constexpr std::uint16_t no_status = 1005;
/// The connection was closed without a close frame. This code is never sent.
inline constexpr std::uint16_t abnormal_closure = 1006;
inline constexpr std::uint16_t invalid_data = 1007;
inline constexpr std::uint16_t policy_violation = 1008;
inline constexpr std::uint16_t message_too_big = 1009;
inline constexpr std::uint16_t internal_error = 1011;
inline constexpr std::uint16_t try_again_later = 1013;
}  // namespace close_code

/// Whether a close frame may have this status code: a registered code, or 3000 to 4999.
bool is_sendable_close_code(std::uint16_t code) noexcept;

enum class websocket_opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

constexpr bool is_control(websocket_opcode opcode) noexcept { return static_cast<std::uint8_t>(opcode) >= 8; }

/// The header of a frame (RFC 6455 section 5.2).
struct frame_header {
  websocket_opcode opcode = websocket_opcode::continuation;
  bool is_final = true;
  /// RSV1: the message is compressed (RFC 7692 section 6).
  bool is_compressed = false;
  /// The masking key; empty if the frame is not masked.
  std::optional<std::array<char, 4>> mask{};
  std::uint64_t payload_length = 0;
};

struct parsed_frame_header {
  /// The size of the header; zero if more bytes are needed.
  std::size_t size = 0;
  frame_header header{};
  /// The reason why the bytes are invalid; null if they are valid. The connection must then be closed with 1002.
  const char* error = nullptr;
};

/// Parses the header at the start of `bytes`, from a peer with the role `sender`. Rejects reserved bits other than
/// RSV1, reserved opcodes, fragmented or long control frames, and a mask bit that is wrong for the role of the peer.
/// Rejects lengths that are not in their shortest form or above 2^63 - 1.
parsed_frame_header parse_frame_header(std::string_view bytes, websocket_role sender) noexcept;

/// Appends the header of a frame.
void append_frame_header(std::string& output, const frame_header& header);

/// Masks or unmasks `bytes`, which are at `offset` in the payload (RFC 6455 section 5.3).
void apply_mask(char* bytes, std::size_t size, const std::array<char, 4>& mask, std::uint64_t offset) noexcept;

/// Whether `text` is valid UTF-8 (RFC 3629).
bool is_valid_utf8(std::string_view text) noexcept;

}  // namespace cohort::http
