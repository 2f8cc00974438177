// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cohort/http/message/request/request_head.hpp>
#include <cohort/http/message/response.hpp>

namespace cohort::http {

/// The options that a server accepts in an opening handshake.
struct handshake_settings {
  /// Origins of web pages that may connect, such as `https://example.com`; `*` for all. If empty, only pages of the
  /// host in `Host` may connect. A request without `Origin`, which no browser sends, is always accepted.
  std::vector<std::string> allowed_origins;
  /// Subprotocols in order of preference. The first subprotocol that the client also offers is chosen; if there is
  /// none, the connection has no subprotocol.
  std::vector<std::string> subprotocols;
  /// Whether permessage-deflate is accepted.
  bool compression = true;
};

/// A valid opening handshake.
struct accepted_handshake {
  std::string accept;
  std::string subprotocol;
  /// The value of `Sec-WebSocket-Extensions`; empty without compression.
  std::string extensions;
};

/// The value of `Sec-WebSocket-Accept` for a key (RFC 6455 section 4.2.2).
std::string websocket_accept_value(std::string_view key);
/// The key of 16 bytes, in Base64.
std::string websocket_key(const std::array<unsigned char, 16>& bytes);

/// Whether a list field has the element, ignoring case, in any of its lines.
bool has_list_element(const request_head& head, std::string_view name, std::string_view element);

/// Whether a page with this `Origin` may connect.
bool is_allowed_origin(std::string_view origin, std::string_view host, const std::vector<std::string>& allowed);

/// Checks a request (RFC 6455 section 4.2.1) and chooses subprotocol and extension. For a rejected request, sets
/// `rejection`: 400 for an invalid request, 403 for an origin that is not allowed, 426 for a request without an upgrade
/// and for an unsupported version.
std::optional<accepted_handshake> accept_handshake(const request_head& head, const handshake_settings& settings,
                                                   response& rejection);

}  // namespace cohort::http
