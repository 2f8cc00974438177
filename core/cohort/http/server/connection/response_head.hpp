// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <cohort/http/message/request/request_head.hpp>
#include <cohort/http/message/response.hpp>

namespace cohort::http {

/// The framing of a response and the next state of its connection.
struct response_framing {
  /// The value of `Content-Length`, if it is sent.
  std::optional<std::uint64_t> content_length;
  bool is_chunked = false;
  bool keep_alive = true;
  /// Whether the request was HTTP/1.0, which needs an explicit `Connection: keep-alive`.
  bool is_http_1_0 = false;
};

/// Appends the status line and the header section of an interim response (RFC 9110 section 15.2).
void append_interim_head(recycled_string& output, const response& interim);

/// Whether a handler may end a request with this response. The status must have three digits. The response must not be
/// interim, because a client would treat the next response on the connection as the final response. The status 101
/// requires an upgrade that the request offers (RFC 9110 section 7.8).
bool is_valid_final_response(const response& result, const request_head& head) noexcept;

/// Whether a response with this status can have a body (RFC 9110 section 6.4.1).
bool may_have_body(status code) noexcept;

/// Appends the status line and the header section. `date_line` and `common_header_lines` are complete lines. A field of
/// `result` that protects browsers, such as `Content-Security-Policy`, replaces the common field. Only the handler or
/// the upstream can choose the policy for its content, and a browser would enforce both policies or ignore both fields.
void append_response_head(recycled_string& output, const response& result, const response_framing& framing,
                          std::string_view date_line, std::string_view common_header_lines);

}  // namespace cohort::http
