// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <memory>

#include <cohort/http/server/routing/route.hpp>
#include <cohort/http/websocket/handshake.hpp>
#include <cohort/http/websocket/websocket_settings.hpp>

namespace cohort::http {

class websocket;

/// Handles an open WebSocket, until it returns. The handler is not cancelled when the connection closes, but
/// `close_timeout` later, so that it can clean up. The request's deadline applies only to the handshake.
using websocket_handler = std::function<task<>(request_context&, websocket&)>;

/// The properties of a WebSocket route.
struct websocket_options {
  handshake_settings handshake{};
  websocket_settings connection{};
};

/// The handler of a WebSocket route: responds with 101, or with the error of the handshake.
class websocket_route {
 public:
  websocket_route(websocket_handler function, websocket_options options)
      : shared_(std::make_shared<const state>(state{std::move(function), std::move(options)})) {}
  response operator()(request_context& context) const;

 private:
  struct state {
    websocket_handler function;
    websocket_options options;
  };
  static task<> run(upgraded_connection& connection, std::shared_ptr<const state> route, bool is_compressed,
                    std::string subprotocol);

  std::shared_ptr<const state> shared_;
};

/// Returns an empty handler if `function` is empty.
inline sync_handler make_websocket_route(websocket_handler function, websocket_options options) {
  if (!function) return {};
  return websocket_route{std::move(function), std::move(options)};
}

}  // namespace cohort::http
