// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cohort/http/client/upstream/upstream.hpp>
#include <cohort/http/server/routing/route.hpp>

namespace cohort::http {

/// The options of `proxy_to`.
struct proxy_options {
  /// Prefix that is removed from the path: with `/api`, `/api/a` is sent as `/a`. Only complete segments match, and
  /// they are compared percent-decoded, like the segments of routes: `/%61pi/a%2Fb` is sent as `/a%2Fb`. A path without
  /// the prefix is sent unchanged. The prefix is restored in a `Location` of the response.
  std::string strip_prefix{};
  /// Whether repeated slashes in the path match one slash in `strip_prefix`, for routers that also merge slashes.
  bool merges_slashes = false;
  /// Whether to send the client's `Host` instead of the host of the base URL, for upstreams with virtual hosts.
  bool preserve_host = false;
  /// Name of this proxy in `Via`: a token (RFC 9110 section 7.6.3).
  std::string via = "cohort";
  /// Timeout until the head of the response, including the body of the request. Default: the timeout in the upstream's
  /// settings, from the end of the body of the request. The deadline of the request always applies.
  std::optional<duration> timeout{};
  /// Maximum time between two parts of the response's body; after it, the response is truncated.
  duration idle_timeout = std::chrono::seconds{60};
  /// Whether the deadline of the request includes the body of the response. Do not set this option for downloads and
  /// event streams.
  bool deadline_includes_body = false;
  /// Maximum size of the response's body in bytes; a longer body is truncated.
  std::size_t max_response_bytes = std::numeric_limits<std::size_t>::max();
  /// The protocols to which a client may upgrade its connection (RFC 9110 section 7.8), in lower case; an empty list
  /// disables upgrades. `h2c` would hide requests from this proxy.
  std::vector<std::string> upgrades{"websocket"};
  /// Maximum number of open tunnels of upgraded connections, on all loops; beyond it, upgrades are rejected with 503.
  std::size_t max_tunnels = 10'000;
  /// Idle timeout: a tunnel is closed after this time without a byte in either direction.
  duration tunnel_idle_timeout = std::chrono::minutes{5};
  /// Idle timeout of a half-closed tunnel: after one side has closed its direction, the tunnel is closed after this
  /// time without a byte.
  duration tunnel_half_closed_timeout = std::chrono::seconds{30};
  /// Time from the start of the server's drain until its tunnels are closed. The proxy cannot announce the drain in the
  /// tunnel's protocol.
  duration tunnel_drain_time = std::chrono::seconds{5};
  /// Changes the request before it is sent, for example to add credentials. Called once for each request.
  std::function<void(const request_context&, client_request&)> on_request{};
  /// Changes the response before it is sent, for example to add a header field. The function is not called for the
  /// errors of the proxy.
  std::function<void(const client_response&, response&)> on_response{};
};

/// A handler that forwards requests to `target` and streams both bodies: a reverse proxy, for example
/// `routes.any("/api/{rest...}", http::proxy_to(orders, "http://orders:8080", {.strip_prefix = "/api"}))`.
///
/// - The target is `base_url` (http or https, with an optional path and without a query, or a Unix domain socket; see
///   `config::parse_http_url`), followed by the path and the query of the request as received.
/// - A path with a dot segment (see `has_dot_segment`) is rejected with 400. An upstream that normalizes the path would
///   serve a resource outside the base URL, or a resource that the route and its filters have not checked. Repeated
///   slashes, and encoded slashes without a dot segment, are forwarded as received.
/// - Hop-by-hop header fields (RFC 9110 section 7.6.1) and trailers are removed in both directions. `Via`, `Forwarded`,
///   `X-Forwarded-For`, `-Proto` and `-Host` are set; see `forwarding_peer`. The proxy itself handles `Expect`.
/// - Backpressure: the request body is read only as fast as the upstream accepts it, and the response only as fast as
///   the client accepts it. If the client disconnects, the request is cancelled. If the upstream disconnects within the
///   body, the client's connection is closed, so that the client detects the truncation.
/// - The policies of `target` apply: deadline, limits, circuit breaker, and retries of idempotent requests without a
///   body. A request with a body is retried only if none of the body has been read.
/// - Errors: the status is 504 after a timeout or at the deadline of the request, and 503 if `target` rejects the call
///   or a limit of this machine is reached. An invalid request body is rejected with 413, 408 or 400. All other errors
///   have the status 502.
/// - Upgrades to the protocols in `upgrades` are forwarded, with the fields of the handshake. After the upstream's 101,
///   bytes are forwarded in both directions. `target` counts the call as complete: its deadline and its limit of
///   concurrent calls no longer apply, but the limits of tunnels do. Any other response is forwarded unchanged.
///   Requests for other upgrades, or with a body, are forwarded without the upgrade.
/// - Interim responses (1xx) are forwarded to clients of HTTP/1.1 (RFC 9110 section 15.2), at most 16 for each request.
/// - A route for `any` method rejects `TRACE` and `CONNECT` with 405. The server itself responds to `OPTIONS *`, and
///   to a `CONNECT` in authority-form with 501. If the target is in absolute-form, its path and its query are
///   forwarded, and its host counts as the client's `Host`.
///
/// The metrics are `cohort_proxy_tunnels`, `cohort_proxy_tunnel_ends_total{reason}`,
/// `cohort_proxy_tunnels_rejected_total`, `cohort_proxy_tunnel_bytes_total{direction}`, all with the label `upstream`.
///
/// The handler shares `target`, which must not be null. Throws `std::invalid_argument` for an invalid `base_url`,
/// `via`, `strip_prefix` or `upgrades`.
streaming_handler proxy_to(std::shared_ptr<upstream> target, std::string_view base_url, proxy_options options = {});

/// The status of the response to a request that could not be forwarded.
status proxy_status(client_error error) noexcept;

}  // namespace cohort::http
