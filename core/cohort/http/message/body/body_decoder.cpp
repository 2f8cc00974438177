// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/body/body_decoder.hpp>

#include <algorithm>
#include <limits>

namespace cohort::http {
namespace {

bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

bool is_token_char(char c) noexcept { return is_token({&c, 1}); }

/// A character that a quoted string or a field value may contain (RFC 9110 sections 5.5 and 5.6.4).
bool is_text_char(char c) noexcept { return is_field_value({&c, 1}); }

std::optional<unsigned> hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

}  // namespace

void body_decoder::start_fixed_length(std::uint64_t length) noexcept {
  remaining_ = length;
  state_ = length > 0 ? state::content : state::complete;
}

void body_decoder::start_chunked() noexcept {
  is_chunked_ = true;
  state_ = state::size_start;
}

std::size_t body_decoder::decode(std::string_view bytes, std::optional<status>& rejection) {
  std::size_t consumed = 0;
  while (consumed < bytes.size() && state_ != state::complete && !rejection) {
    const auto part = decode_part(bytes.substr(consumed), rejection);
    body_.append(part.content);
    consumed += part.consumed;
  }
  return consumed;
}

body_decoder::decoded_part body_decoder::decode_part(std::string_view bytes, std::optional<status>& rejection) {
  std::size_t consumed = 0;
  while (consumed < bytes.size() && state_ != state::complete) {
    if (state_ != state::content) {
      rejection = decode_framing(bytes[consumed]);
      if (rejection) break;
      ++consumed;
      continue;
    }
    const auto content =
        bytes.substr(consumed, static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, bytes.size())));
    skip_content(content.size());
    return {consumed + content.size(), content};
  }
  return {consumed, {}};
}

void body_decoder::skip_content(std::uint64_t count) noexcept {
  decoded_bytes_ += count;
  remaining_ -= count;
  if (remaining_ == 0) state_ = is_chunked_ ? state::content_carriage_return : state::complete;
}

body_decoder::rejection body_decoder::decode_framing(char c) noexcept {
  if (state_ >= state::trailer_start) return decode_trailers(c);
  if (state_ == state::content_carriage_return) {
    if (c != '\r') return reject("chunk data is not followed by CRLF");
    state_ = state::content_line_feed;
    return std::nullopt;
  }
  if (state_ == state::content_line_feed) {
    if (c != '\n') return reject("chunk data is not followed by CRLF");
    state_ = state::size_start;
    return std::nullopt;
  }
  if (excess_bytes_ + ++line_bytes_ > limits_.max_header_bytes) return status::payload_too_large;
  return decode_size_line(c);
}

body_decoder::rejection body_decoder::decode_size_line(char c) noexcept {
  switch (state_) {
    case state::size_start: {
      const auto digit = hex_value(c);
      if (!digit) return reject("a chunk size is invalid");
      remaining_ = *digit;
      state_ = state::size;
      return std::nullopt;
    }
    case state::size:
      if (const auto digit = hex_value(c)) return add_size_digit(*digit);
      [[fallthrough]];
    case state::space_before_extension:
      if (is_blank(c)) {
        state_ = state::space_before_extension;
      } else if (c == ';') {
        state_ = state::extension_name_start;
      } else if (c == '\r' && state_ == state::size) {
        state_ = state::size_line_feed;
      } else {
        return reject("a chunk size is invalid");
      }
      return std::nullopt;
    case state::size_line_feed: return c == '\n' ? end_size_line() : reject("a chunk size is invalid");
    default: return decode_extension(c);
  }
}

/// chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] ) (RFC 9112 section 7.1.1).
body_decoder::rejection body_decoder::decode_extension(char c) noexcept {
  switch (state_) {
    case state::extension_name_start:
      if (is_blank(c)) return std::nullopt;
      if (!is_token_char(c)) return reject("a chunk extension is invalid");
      state_ = state::extension_name;
      return std::nullopt;
    case state::extension_name:
      if (is_token_char(c)) return std::nullopt;
      [[fallthrough]];
    case state::space_after_extension_name:
      if (c == '=') {
        state_ = state::extension_value_start;
        return std::nullopt;
      }
      break;
    case state::extension_value_start:
      if (is_blank(c)) return std::nullopt;
      if (c != '"' && !is_token_char(c)) return reject("a chunk extension is invalid");
      state_ = c == '"' ? state::extension_quoted : state::extension_token;
      return std::nullopt;
    case state::extension_token:
      if (is_token_char(c)) return std::nullopt;
      break;
    case state::extension_quoted:
      if (!is_text_char(c)) return reject("a chunk extension is invalid");
      if (c == '\\') state_ = state::extension_quoted_pair;
      if (c == '"') state_ = state::extension_end;
      return std::nullopt;
    case state::extension_quoted_pair:
      if (!is_text_char(c)) return reject("a chunk extension is invalid");
      state_ = state::extension_quoted;
      return std::nullopt;
    default: break;
  }
  // The bytes that may follow a complete name or value.
  if (c == ';') {
    state_ = state::extension_name_start;
  } else if (is_blank(c)) {
    state_ = state_ == state::extension_name || state_ == state::space_after_extension_name
                 ? state::space_after_extension_name
                 : state::space_before_extension;
  } else if (c == '\r' && state_ != state::space_after_extension_name) {
    state_ = state::size_line_feed;
  } else {
    return reject("a chunk extension is invalid");
  }
  return std::nullopt;
}

body_decoder::rejection body_decoder::add_size_digit(unsigned digit) noexcept {
  if (remaining_ > std::numeric_limits<std::uint64_t>::max() >> 4U) return reject("a chunk size is invalid");
  remaining_ = remaining_ << 4U | digit;
  return std::nullopt;
}

body_decoder::rejection body_decoder::end_size_line() noexcept {
  if (remaining_ > max_body_bytes_ - decoded_bytes_) return status::payload_too_large;
  // Each chunk may have 16 bytes of framing, and two more for each byte of data, as in Go's net/http.
  const auto allowed_overhead = 16 + 2 * static_cast<std::size_t>(remaining_);
  excess_bytes_ += line_bytes_;
  excess_bytes_ -= std::min(excess_bytes_, allowed_overhead);
  line_bytes_ = 0;
  state_ = remaining_ > 0 ? state::content : state::trailer_start;
  return std::nullopt;
}

body_decoder::rejection body_decoder::decode_trailers(char c) noexcept {
  if (++trailer_bytes_ > limits_.max_header_bytes) return status::request_header_fields_too_large;
  switch (state_) {
    case state::trailer_start:
      if (c == '\r') {
        state_ = state::final_line_feed;
        return std::nullopt;
      }
      if (!is_token_char(c)) return reject("the trailer section is invalid");
      state_ = state::trailer_name;
      return std::nullopt;
    case state::trailer_name:
      if (c == ':') {
        state_ = state::trailer_value;
      } else if (!is_token_char(c)) {
        return reject("the trailer section is invalid");
      }
      return std::nullopt;
    case state::trailer_value:
      if (c == '\r') {
        state_ = state::trailer_line_feed;
      } else if (!is_text_char(c)) {
        return reject("the trailer section is invalid");
      }
      return std::nullopt;
    case state::trailer_line_feed:
      if (c != '\n') return reject("the trailer section is invalid");
      state_ = state::trailer_start;
      return std::nullopt;
    default:
      if (c != '\n') return reject("the trailer section is invalid");
      state_ = state::complete;
      return std::nullopt;
  }
}

}  // namespace cohort::http
