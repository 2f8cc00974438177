// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/url/url.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <cohort/http/client/client.hpp>
#include <cohort/http/websocket/websocket.hpp>

namespace cohort::http {

/// The options of a client in an opening handshake.
struct websocket_connect_options {
  /// The subprotocols that the client supports, in order of preference.
  std::vector<std::string> subprotocols;
  /// Further header fields, such as `Authorization` and `Origin`.
  std::vector<std::pair<std::string, std::string>> fields;
  /// Whether permessage-deflate is offered.
  bool compression = true;
  websocket_settings connection{};
};

/// The error of the handshake.
struct websocket_connect_error {
  /// The stage that failed; `response_malformed` if the server's handshake is invalid, or its response is not 101.
  client_error reason;
  /// Status code of the server's response; 0 if there was no response.
  unsigned status = 0;
  std::string message;
};

/// Opens a WebSocket to a `ws`, `wss`, `http` or `https` URL on a separate connection, before the deadline of
/// `context`. Validates the server's handshake (RFC 6455 section 4.1): `Sec-WebSocket-Accept` must match, and the
/// chosen subprotocol and extension must be among the offered ones. `transport` must outlive the call; it provides
/// resolver, TLS and proxy settings. The result belongs to the current loop and must be destroyed on it.
task<result<websocket, websocket_connect_error>> websocket_connect(call_context context, client& transport,
                                                                   boost::urls::url url,
                                                                   websocket_connect_options options = {});

}  // namespace cohort::http
