// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <cohort/http/server/proxy/reverse_proxy.hpp>
#include "tests/support/series.hpp"
#include "tests/unit/http/client/client_fixture.hpp"
#include "tests/unit/http/server/server_fixture.hpp"

// Fixture of a reverse proxy between a client and an upstream. The test itself sends the bytes of the upstream.
namespace cohort::test {

inline http::proxy_options api_prefix_options() { return {.strip_prefix = "/api"}; }

inline bool has_text(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

inline task<> write_chunks(net::stream& to, std::size_t count, std::size_t& written) {
  const std::string chunk(16 * 1024, 'x');
  while (count-- > 0) {
    const net::const_buffers buffers{asio::buffer(chunk), asio::const_buffer{}};
    auto write_task = net::write_all(to, buffers);
    const auto write_result = co_await std::move(write_task);
    if (!write_result) co_return;
    written += *write_result;
  }
}

class proxy_fixture {
 public:
  /// The proxy forwards `/api/{rest...}`, without the prefix, to `http://up.test`.
  explicit proxy_fixture(http::proxy_options options = {.strip_prefix = "/api"},
                         std::string_view base_url = "http://up.test")
      : client_(server.network(), 1) {
    auto target = std::make_shared<http::upstream>(client_, metrics, log_, "up", single_attempt_settings());
    server.network().add_name("up.test", {asio::ip::make_address("198.51.100.1")});
    server.routes.any("/api/{rest...}", http::proxy_to(std::move(target), base_url, std::move(options)));
    listen();
  }
  ~proxy_fixture() {
    server.drain(0s);
    stop_listening();
    server.time.run(close_idle(client_));
  }

  server_fixture server;
  telemetry::registry metrics{1};

  void listen() {
    acceptor_ = server.network().listen({asio::ip::make_address("198.51.100.1"), 80});
    accept_task_.emplace(server.time, accept_connections(*acceptor_, server.time, connections_));
  }
  void stop_listening() {
    if (acceptor_) acceptor_->close();
    run_ready();
    accept_task_.reset();
    acceptor_.reset();
  }
  void run_ready() { server.time.run_for(8 * tick); }
  std::size_t connection_count() {
    run_ready();
    return connections_.size();
  }
  /// Returns the upstream's side of the newest connection.
  server_connection& upstream() {
    run_ready();
    if (connections_.empty()) throw std::runtime_error("the proxy has not connected");
    return connections_.back();
  }
  /// Returns the value of a time series of the upstream, such as `cohort_client_in_flight{upstream="up"}`.
  std::optional<double> metric_value(const std::string& name) const {
    return find_series(metrics.prometheus_text(), name);
  }
  /// Sends a request through the proxy and returns the request that the upstream receives.
  received_request forwarded(peer& client, std::string_view request) {
    client.send(request);
    if (connection_count() == 0) throw std::runtime_error("not forwarded: " + client.read().value());
    return upstream().read_request();
  }
  /// Sends a GET, to which the upstream responds with these bytes, and returns the response of the proxy.
  received_response response_to_get(std::string_view response, bool closes_connection = false) {
    auto client = server.connect();
    forwarded(client, get("/api/"));
    upstream().send(response);
    if (closes_connection) upstream().close();
    auto received = client.receive();
    if (!received) throw std::runtime_error("closed without a response");
    return *received;
  }

 private:
  static http::upstream_settings single_attempt_settings() {
    http::upstream_settings settings;
    settings.hedging.is_enabled = false;
    return settings;
  }

  telemetry::log_sink sink_;
  telemetry::logger log_{sink_, "test", telemetry::log_level::off, telemetry::log_format::json};
  http::client client_;
  std::unique_ptr<net::acceptor> acceptor_;
  std::deque<server_connection> connections_;
  std::optional<spawned_task<>> accept_task_;
};

}  // namespace cohort::test
