// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <cohort/http/server/server.hpp>
#include <cohort/net/memory/memory_network.hpp>
#include <cohort/telemetry/log.hpp>
#include <cohort/telemetry/metrics.hpp>
#include <cohort/testing/client.hpp>

namespace cohort::testing {

/// Serves a router with the real HTTP server, on a virtual clock and an in-memory network:
///
///     testing::server server{app()};
///     CHECK(server.get("/api/items")->status == http::status::ok);
///
/// The server starts with the first request or connection. After the start, routes and settings cannot be changed. The
/// server has one loop. The destructor cancels requests that have not ended, and closes all connections.
class server : public client {
 public:
  /// `connection` contains the settings of the in-memory connections.
  explicit server(http::router routes = {}, http::server_settings settings = {},
                  net::memory_pipe_settings connection = {});
  ~server() override;

  http::router& routes() noexcept;
  http::server_settings& settings() noexcept;
  telemetry::registry& metrics() noexcept;
  net::memory_network& network() noexcept;
  /// Enables the log at level debug; `sink` must outlive the server. Precondition: the server has not started.
  void log_to(telemetry::log_sink& sink);
  /// Replaces the listener with `wrap(listener)`. Precondition: the server has not started.
  void wrap_listener(std::function<std::unique_ptr<net::acceptor>(std::unique_ptr<net::acceptor>)> wrap);

  /// Starts the server, unless it has started.
  void start();
  bool is_started() const noexcept;
  /// A connection to the server, to send bytes that an HTTP client would not send.
  result<net::stream_ptr> connect();

  /// Makes each response close its connection, as during the drain delay. Precondition: the server has started.
  void announce_drain();
  /// Starts a graceful shutdown, as after SIGTERM. Precondition: the server has started. May be called at most once.
  void begin_drain(duration timeout);
  bool is_drained() const noexcept;
  /// Calls `begin_drain`, and runs the loop until the shutdown is complete.
  void drain(duration timeout);

  /// The value of a series in the Prometheus text format, such as `test_http_requests_total{endpoint="/",…}`; the HTTP
  /// metrics have the prefix `test`. Empty if there is no such series.
  std::optional<double> metric_value(const std::string& series) const;

 private:
  struct state;
  explicit server(std::unique_ptr<state> owned);
  void prepare() override { start(); }

  std::unique_ptr<state> state_;
};

}  // namespace cohort::testing
