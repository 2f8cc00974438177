// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <variant>

#include <cohort/http/server/routing/route.hpp>
#include <cohort/http/server/routing/websocket_route.hpp>

namespace cohort::http {

/// Whether the handler of the operation is a WebSocket.
inline bool is_websocket(const operation& candidate) {
  const auto* function = std::get_if<sync_handler>(&candidate.function());
  return function && function->target<websocket_route>() != nullptr;
}

}  // namespace cohort::http
