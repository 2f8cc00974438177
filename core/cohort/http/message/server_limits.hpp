// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include <cohort/runtime/time/clock.hpp>

namespace cohort::http {

/// The limits of a server: every size and every time that a client can influence is bounded. Sizes are in bytes.
struct server_limits {
  /// Maximum size of the request target; a longer target is rejected with 414.
  std::size_t max_target_bytes = 8 * 1024;
  /// Maximum size of the start line and all header fields; a larger header section is rejected with 431.
  std::size_t max_header_bytes = 16 * 1024;
  /// Maximum number of header fields; more are rejected with 431.
  std::size_t max_fields = 100;
  /// Maximum size of a request body; a longer body is rejected with 413.
  std::size_t max_body_bytes = 1024 * 1024;
  /// Maximum total size of the bodies of all requests in progress; further bodies are rejected with 503.
  std::size_t max_total_body_bytes = 64 * 1024 * 1024;
  /// Maximum number of open connections. Near this number, the connections that have been idle the longest are closed.
  /// Connections beyond this number belong to the reserve.
  std::size_t max_connections = 10'000;
  /// The reserve: connections beyond `max_connections`, which serve probe routes (health, metrics) only; other requests
  /// on them are rejected with 503. Further connections are closed immediately.
  std::size_t reserved_connections = 32;
  /// Maximum number of open connections of one client address (IPv6: /64 prefix); further connections are closed
  /// immediately. Loopback addresses and trusted proxies are exempt. No limit if 0.
  std::size_t max_connections_per_client = 1'000;
  /// Maximum number of requests on one connection; the response to the last request has `Connection: close`. No limit
  /// if 0.
  std::size_t max_requests_per_connection = 100'000;
  /// Maximum number of pipelined requests that a connection handles before its loop handles other connections. The
  /// responses to these requests are sent first; further requests wait in the buffer and the socket.
  std::size_t max_pipelined_requests = 64;

  /// Timeout from the acceptance of the connection to the PROXY protocol header, if one is required, and from the first
  /// to the last byte of the header. When it expires, the connection is closed.
  duration proxy_header_timeout = std::chrono::seconds{3};
  /// Idle timeout and header timeout of a connection of the reserve.
  duration reserve_timeout = std::chrono::seconds{1};
  /// Timeout from the first byte of a request to the end of its header section; when it expires, the response is 408.
  duration header_timeout = std::chrono::seconds{10};
  /// Timeout from a response to the next request; when it expires, the connection is closed. The timeout is longer than
  /// the 60 s of many load balancers: the client should close first, because otherwise it can send a request while the
  /// server closes the connection.
  duration idle_timeout = std::chrono::seconds{75};
  /// Timeout from the end of the header section to the end of the body, extended by the body's length at
  /// `min_bytes_per_second`; when it expires, the response is 408.
  duration body_timeout = std::chrono::seconds{10};
  /// Timeout from the end of the header section to the response, unless the route has its own timeout; when it expires,
  /// the response is 504. If a handler streams the body of the request, the timeout starts at the end of the body; see
  /// `body_reader`.
  duration request_timeout = std::chrono::seconds{30};
  /// Timeout of a write of a response, extended by its length at `min_bytes_per_second`; when it expires, the
  /// connection is closed.
  duration write_timeout = std::chrono::seconds{10};
  /// Minimum transfer rate in either direction.
  std::size_t min_bytes_per_second = 16 * 1024;

  /// The timeout for a transfer of `bytes`: `base`, extended by their time at `min_bytes_per_second`.
  constexpr duration transfer_timeout(duration base, std::uint64_t bytes) const noexcept {
    return base + std::chrono::seconds{bytes / min_bytes_per_second};
  }
};

}  // namespace cohort::http
