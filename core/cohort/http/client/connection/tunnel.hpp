// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>

#include <cohort/http/client/client_error.hpp>
#include <cohort/http/client/connection/proxy.hpp>
#include <cohort/net/stream.hpp>

namespace cohort::http {

/// Opens a tunnel to `target` through the proxy at the other end of `stream` (CONNECT, RFC 9110 section 9.3.6), until
/// the stream's deadline. Returns no error on success: the following bytes are then from the target. `stream` and
/// `proxy` must outlive the task.
task<std::optional<client_error>> open_tunnel(net::stream& stream, const proxy_server& proxy, origin target);

}  // namespace cohort::http
