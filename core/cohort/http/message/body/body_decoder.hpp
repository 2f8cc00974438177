// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <cohort/http/message/field.hpp>
#include <cohort/http/message/server_limits.hpp>

namespace cohort::http {

/// Decodes the body of a request (RFC 9112 sections 6 and 7). A malformed chunked body is rejected at its first invalid
/// byte. Chunk extensions and trailer fields are checked, bounded and discarded; they never act as header fields.
///
/// Beast's parser is not used, because it waits for more bytes after an invalid chunk size, applies `Connection` from
/// trailers, and does not bound chunk extensions.
class body_decoder {
 public:
  /// `decode` appends the decoded bytes to `body`. Before `start_fixed_length` or `start_chunked`, the body is empty.
  body_decoder(const server_limits& limits, std::string& body) noexcept
      : limits_(limits), body_(body), max_body_bytes_(limits.max_body_bytes) {}

  /// Replaces `max_body_bytes` of the limits, for a chunked body.
  void set_max_body_bytes(std::uint64_t bytes) noexcept { max_body_bytes_ = bytes; }
  /// The caller has checked `length` against the limit.
  void start_fixed_length(std::uint64_t length) noexcept;
  void start_chunked() noexcept;

  bool is_complete() const noexcept { return state_ == state::complete; }

  /// Decodes bytes up to the end of the body and returns the number of bytes consumed. Sets `rejection` to the status
  /// for an invalid body: 400 (malformed), 413 (body or chunk extensions too large) or 431 (trailers too large).
  std::size_t decode(std::string_view bytes, std::optional<status>& rejection);

  /// A part of the content, and the bytes of the input up to its end.
  struct decoded_part {
    std::size_t consumed;
    /// A view into the input; empty if the input has no more content.
    std::string_view content;
  };
  /// Like `decode`, but returns the first part of the content in `bytes`, without a copy.
  decoded_part decode_part(std::string_view bytes, std::optional<status>& rejection);

  /// The reason why a body is malformed (status 400): one of a fixed set of messages, without bytes of the request.
  /// Returns an empty result for any other rejection.
  std::string_view rejection_reason() const noexcept { return reason_; }

  /// The number of content bytes that follow without framing: the rest of the body, or of the current chunk.
  std::uint64_t following_content() const noexcept { return state_ == state::content ? remaining_ : 0; }
  /// Skips `count` bytes of content, which the caller has read. Precondition: `count` is at most `following_content()`.
  void skip_content(std::uint64_t count) noexcept;
  /// The rest of a body with a fixed length; empty for a chunked body.
  std::optional<std::uint64_t> remaining_length() const noexcept {
    return is_chunked_ ? std::optional<std::uint64_t>{} : following_content();
  }

 private:
  enum class state : std::uint8_t {
    size_start,
    size,
    space_before_extension,
    extension_name_start,
    extension_name,
    space_after_extension_name,
    extension_value_start,
    extension_token,
    extension_quoted,
    extension_quoted_pair,
    extension_end,
    size_line_feed,
    content,
    content_carriage_return,
    content_line_feed,
    trailer_start,
    trailer_name,
    trailer_value,
    trailer_line_feed,
    final_line_feed,
    complete,
  };
  using rejection = std::optional<status>;

  /// Rejects the body as malformed.
  rejection reject(const char* reason) noexcept {
    reason_ = reason;
    return status::bad_request;
  }
  rejection decode_framing(char c) noexcept;
  rejection decode_size_line(char c) noexcept;
  rejection decode_extension(char c) noexcept;
  rejection decode_trailers(char c) noexcept;
  rejection add_size_digit(unsigned digit) noexcept;
  rejection end_size_line() noexcept;

  const server_limits& limits_;
  std::string& body_;
  std::uint64_t max_body_bytes_;
  /// The size of the chunks so far, without the rest of the current chunk.
  std::uint64_t decoded_bytes_ = 0;
  state state_ = state::complete;
  bool is_chunked_ = false;
  /// The remaining bytes of the fixed length or the current chunk.
  std::uint64_t remaining_ = 0;
  std::size_t line_bytes_ = 0;
  /// Framing bytes in excess of the allowance for the chunks' sizes.
  std::size_t excess_bytes_ = 0;
  std::size_t trailer_bytes_ = 0;
  const char* reason_ = "";
};

}  // namespace cohort::http
