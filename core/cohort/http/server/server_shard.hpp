// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cohort/http/message/server_limits.hpp>
#include <cohort/http/server/bounds/admission_control.hpp>
#include <cohort/http/server/bounds/client_connections.hpp>
#include <cohort/http/server/bounds/open_connection.hpp>
#include <cohort/http/server/router.hpp>
#include <cohort/http/server/server_metrics.hpp>
#include <cohort/http/server/tls_termination.hpp>
#include <cohort/net/network_list.hpp>
#include <cohort/net/stream.hpp>
#include <cohort/runtime/concurrency/task_group.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>
#include <cohort/runtime/loop.hpp>
#include <cohort/telemetry/log.hpp>
#include <cohort/telemetry/requests/request_log.hpp>

namespace cohort::telemetry {
class tracer;
}

namespace cohort::http {

/// Whether connections from trusted proxies start with a PROXY protocol header.
enum class proxy_protocol_mode {
  off,
  /// A header is read if there is one. This mode is suitable if only some of the trusted peers are proxies.
  optional,
  /// A connection without a header is closed.
  required,
};

struct server_settings {
  server_limits limits;
  admission_settings admission{};
  /// Header lines of every response, each with its CRLF, such as the security headers.
  std::string common_header_lines;
  /// Header lines of responses to requests over TLS, to this server or to a reverse proxy (`X-Forwarded-Proto: https`);
  /// if empty, `common_header_lines` are used.
  std::string common_header_lines_over_tls;
  /// If it is set, the server accepts TLS only, otherwise plain HTTP only.
  std::shared_ptr<tls_termination> tls;
  /// The peers whose `Forwarded` and `X-Forwarded-*` fields and PROXY protocol headers are trusted.
  net::network_list trusted_proxies;
  proxy_protocol_mode proxy_protocol = proxy_protocol_mode::off;
  /// Records the spans of requests, for export; if it is null, no spans are recorded. Must outlive the server.
  telemetry::tracer* tracer = nullptr;
};

/// The addresses of a connection, and its state in the limits of the server.
struct connection_info {
  /// The peer's IP address.
  std::string peer_address;
  /// The client's IP address: from the PROXY protocol header if there is one, otherwise the address of the peer.
  std::string client_address;
  /// Whether the forwarding headers of its requests are trusted: the peer is a trusted proxy, and there is no PROXY
  /// protocol header, which takes precedence.
  bool is_trusted_proxy = false;
  /// Whether the connection belongs to the reserve for probes.
  bool is_reserved = false;
  /// The connection was shed and replaced by another, but a request has arrived: it closes after this request.
  bool is_surplus = false;
};

/// The state that the shards of a server share. Read-only after the start, except the metrics and the atomic members.
class server_state {
 public:
  /// `routes` and `metrics` must outlive this object.
  server_state(const router& routes, server_settings settings, server_metrics& metrics, telemetry::logger log);

  /// Logs, once for each route, that a handler set a header field that was rejected. `matched_route` may be null.
  void log_rejected_field(const route* matched_route, std::string_view name);
  /// Counts a shed connection as open again, because it has received bytes in the meantime. If the maximum number of
  /// connections is open, the connection is surplus, and belongs to the reserve if half of the reserve is in use.
  void count_shed_connection(connection_info& info) noexcept;

  const router& routes;
  const server_settings settings;
  server_metrics& metrics;
  telemetry::logger log;
  /// Open connections, except connections that are being shed.
  std::atomic<std::size_t> connection_count{0};
  client_connections clients;
  /// The size of all request bodies in memory.
  std::atomic<std::size_t> body_bytes{0};
  /// See `server::announce_drain`.
  std::atomic<bool> closes_after_response{false};

 private:
  /// The flags of the routes, indexed by `route::index`; the last element is for requests without a route.
  std::vector<std::atomic<bool>> rejected_field_logged_;
};

/// The part of a server on one loop: its connections. Used on that loop only, except `connection_count`.
class server_shard {
 public:
  /// Both arguments must outlive the shard.
  server_shard(server_state& state, loop& event_loop);

  /// Starts a connection; `is_reserved` if it belongs to the reserve for probes.
  void serve(net::stream_ptr stream, bool is_reserved);
  /// Closes the connection that has been idle the longest. If `is_urgent`, header sections and handshakes in progress
  /// also count as idle, and one connection that only waits for its client to close it is closed. Returns false if no
  /// connection is idle.
  bool shed_oldest_idle(bool is_urgent);
  /// Closes a connection that only waits for its client to close it. Returns false if there is none.
  bool shed_oldest_closing();
  /// Closes idle connections, lets requests in flight complete, and cancels requests that have not completed within
  /// `timeout`.
  task<> drain(duration timeout);

  server_state& state() noexcept { return state_; }
  loop& event_loop() noexcept { return loop_; }
  admission_control& admission() noexcept { return admission_; }
  /// The records of the requests that have an asynchronous handler, a body or a streamed response.
  telemetry::request_log& requests() noexcept { return requests_; }
  /// The number of open connections, as counted on this loop.
  std::size_t open_connections() const noexcept { return open_count_; }
  /// The event is set when the server starts to drain.
  event& draining() noexcept { return draining_; }
  /// The current `Date` header line (RFC 9110 section 6.6.1); formatted once a second.
  std::string_view date_line();
  /// A request ID of 16 hexadecimal digits.
  std::array<char, 16> make_request_id();

  std::atomic<std::size_t> connection_count{0};

 private:
  friend class connection;
  class pending_connection;
  static task<> run_connection(server_shard& self, net::stream_ptr stream, bool is_reserved,
                               asio::cancellation_signal& cancel_signal);
  task<bool> receive_proxy_header(net::stream_ptr& stream, connection_info& info);
  bool acquire_client_permit(const connection_info& info, std::optional<client_connections::permit>& permit);
  task<std::unique_ptr<const tls_connection_info>> perform_tls_handshake(net::stream_ptr& stream,
                                                                         connection_info& info);
  void on_connection_closed() noexcept;
  void log_failure(const std::exception_ptr& failure);
  void on_drain_timeout();

  server_state& state_;
  loop& loop_;
  admission_control admission_;
  telemetry::request_log requests_;
  task_group tasks_;
  connection_registry connections_;
  /// Open connections, and their maximum since memory was last returned to the system.
  std::size_t open_count_ = 0;
  std::size_t open_peak_ = 0;
  /// The earliest time of the next log line about the per-client connection limit.
  time_point next_client_limit_log_{};
  event draining_;
  bound_timer<&server_shard::on_drain_timeout> drain_timer_;
  std::chrono::sys_seconds date_second_{};
  std::string date_field_line_;
};

}  // namespace cohort::http
