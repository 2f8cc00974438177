// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <cohort/http/message/server_limits.hpp>
#include <cohort/http/server/admission_control.hpp>
#include <cohort/http/server/router.hpp>
#include <cohort/http/server/server_metrics.hpp>
#include <cohort/http/server/tls_termination.hpp>
#include <cohort/net/stream.hpp>
#include <cohort/runtime/concurrency/task_group.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>
#include <cohort/runtime/loop.hpp>
#include <cohort/telemetry/log.hpp>

namespace cohort::http {

class connection;

struct server_settings {
  server_limits limits;
  admission_settings admission{};
  /// Header lines of every response, each with its CRLF, such as the security headers.
  std::string common_header_lines;
  /// The same for requests over TLS, to this server or to a reverse proxy (`X-Forwarded-Proto: https`); if empty,
  /// `common_header_lines` are used.
  std::string common_header_lines_over_tls;
  /// The server accepts TLS only; null: plain HTTP only.
  std::shared_ptr<tls_termination> tls;
};

/// The state that the shards of a server share. Read-only after the start, except the metrics and the atomic members.
class server_state {
 public:
  /// `routes` and `metrics` must outlive it.
  server_state(const router& routes, server_settings settings, server_metrics& metrics, telemetry::logger log);

  /// Logs, once for each route, that a handler set a header field that was rejected. `matched_route` may be null.
  void log_rejected_field(const route* matched_route, std::string_view name);

  const router& routes;
  const server_settings settings;
  server_metrics& metrics;
  telemetry::logger log;
  std::atomic<std::size_t> connection_count{0};
  /// The size of all request bodies in memory.
  std::atomic<std::size_t> body_bytes{0};

 private:
  /// Indexed by `route::index`; the last one is for requests without a route.
  std::vector<std::atomic<bool>> rejected_field_logged_;
};

/// The part of a server on one loop: its connections. Used on that loop only, except `connection_count`.
class server_shard {
 public:
  /// Both arguments must outlive it.
  server_shard(server_state& state, loop& event_loop);

  /// Starts a connection.
  void serve(net::stream_ptr stream);
  /// Closes idle connections, lets requests in flight end, and cancels those that have not ended within `timeout`.
  task<> drain(duration timeout);

  server_state& state() noexcept { return state_; }
  loop& event_loop() noexcept { return loop_; }
  admission_control& admission() noexcept { return admission_; }
  /// Set once the server drains.
  event& draining() noexcept { return draining_; }
  /// The current `Date` header line (RFC 9110 section 6.6.1); formatted once a second.
  std::string_view date_line();
  /// A request ID of 16 hexadecimal digits.
  std::array<char, 16> make_request_id();

  std::atomic<std::size_t> connection_count{0};

 private:
  friend class connection;
  static task<> run_connection(server_shard& self, net::stream_ptr stream, asio::cancellation_signal& cancel_signal);
  task<std::unique_ptr<const tls_client>> perform_tls_handshake(net::stream_ptr& stream);
  void log_failure(const std::exception_ptr& failure);

  server_state& state_;
  loop& loop_;
  admission_control admission_;
  task_group tasks_;
  std::vector<connection*> connections_;
  /// The plain streams of pending TLS handshakes.
  std::vector<net::stream*> handshakes_;
  event draining_;
  std::chrono::sys_seconds date_second_{};
  std::string date_line_;
};

}  // namespace cohort::http
