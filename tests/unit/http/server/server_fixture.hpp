// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <cohort/http/server/server.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>
#include "tests/support/series.hpp"
#include "tests/unit/net/peer.hpp"
#include "tests/unit/runtime/task_fixtures.hpp"
#include "tests/unit/telemetry/captured_log.hpp"

// A server on a virtual clock and an in-memory network, and clients that send exactly the bytes they are given.
namespace cohort::test {

using http::body_writer;
using http::request_context;

/// A GET request; `header_lines` are complete lines.
inline std::string get(std::string_view path, std::string_view header_lines = {}) {
  std::string text = "GET ";
  text.append(path).append(" HTTP/1.1\r\nHost: test\r\n").append(header_lines).append("\r\n");
  return text;
}

/// A POST request with a body; `header_lines` are complete lines.
inline std::string post(std::string_view path, std::string_view body, std::string_view header_lines = {}) {
  std::string text = "POST ";
  text.append(path).append(" HTTP/1.1\r\nHost: test\r\nContent-Length: ").append(std::to_string(body.size()));
  text.append("\r\n").append(header_lines).append("\r\n").append(body);
  return text;
}

inline http::response text_response(std::string text) { return http::response{}.body(std::move(text), "text/plain"); }

/// Settings of a pipe whose reads return at most this many bytes.
inline net::memory_pipe_settings max_read_size(std::size_t bytes) {
  net::memory_pipe_settings settings;
  settings.max_read_size = bytes;
  return settings;
}

class server_fixture {
 public:
  explicit server_fixture(net::memory_pipe_settings pipe_settings = {}) : network_(pipe_settings) {}
  ~server_fixture() {
    if (!server_) return;
    if (!drain_task_) begin_drain(0s);
    while (!is_drained()) time.run_for(100ms);
  }
  server_fixture(const server_fixture&) = delete;
  server_fixture& operator=(const server_fixture&) = delete;

  virtual_time time;
  http::router routes;
  http::server_settings settings;
  telemetry::registry metrics{1};
  /// Replaces the listener of the server, if set before the server starts.
  std::function<std::unique_ptr<net::acceptor>(std::unique_ptr<net::acceptor>)> wrap_listener;

  /// Enables the log; call it before the server starts.
  void log_to(telemetry::log_sink& sink) {
    log_.emplace(sink, "test", telemetry::log_level::debug, telemetry::log_format::json,
                 time.event_loop().time_source());
  }

  void start() { time.run(start_server(*this)); }
  net::memory_network& network() noexcept { return network_; }

  /// A new connection. Starts the server if necessary.
  peer connect() {
    if (!server_) start();
    auto connected = time.run(network_.connect(endpoint(), deadline::never()));
    if (!connected) throw std::runtime_error("not connected: " + connected.error().message());
    return {time, std::move(*connected)};
  }
  /// A new connection whose peer address at the server is `client_address`.
  peer connect_from(const std::string& client_address) {
    network_.set_client_address(client_address);
    return connect();
  }
  /// The error of an attempt to connect.
  error_code connect_error() {
    const auto connected = time.run(network_.connect(endpoint(), deadline::never()));
    return connected ? error_code{} : connected.error();
  }

  /// Sends a request on a new connection. `to_head`: the request's method is HEAD.
  received_response response_to(std::string_view request, bool to_head = false) {
    auto client = connect();
    client.send(request);
    auto response = client.receive(to_head);
    if (!response) throw std::runtime_error("closed without a response");
    return *response;
  }

  /// Starts to drain the server. The destructor drains it immediately unless this was called.
  void begin_drain(duration timeout) { drain_task_.emplace(time, server_->drain(timeout)); }
  bool is_drained() const { return drain_task_->ended(); }
  void drain(duration timeout) {
    begin_drain(timeout);
    while (!is_drained()) time.run_for(1ms);
  }

  /// The value of a time series in the text format, such as `test_http_requests_total{…}`; empty if it does not
  /// exist.
  std::optional<double> metric_value(const std::string& name) const {
    return find_series(metrics.prometheus_text(), name);
  }
  std::optional<double> request_count(const std::string& endpoint, const std::string& method, int status) const {
    return metric_value("test_http_requests_total{endpoint=\"" + endpoint + "\",method=\"" + method + "\",status=\"" +
                        std::to_string(status) + "\"}");
  }

 private:
  static net::endpoint endpoint() { return {asio::ip::make_address("192.0.2.80"), 80}; }

  static task<> start_server(server_fixture& self) {
    telemetry::logger disabled{self.discarding_sink_, "test", telemetry::log_level::off, telemetry::log_format::json};
    self.metrics_.emplace(self.metrics, "test", self.routes);
    auto listener = self.network_.listen(endpoint());
    if (self.wrap_listener) listener = self.wrap_listener(std::move(listener));
    self.server_.emplace(std::vector<loop*>{&self.time.event_loop()}, std::move(listener), self.routes, *self.metrics_,
                         self.log_.value_or(disabled), self.settings);
    self.server_->start();
    co_return;
  }

  net::memory_network network_;
  telemetry::log_sink discarding_sink_;
  std::optional<telemetry::logger> log_;
  std::optional<http::server_metrics> metrics_;
  std::optional<http::server> server_;
  std::optional<spawned_task<>> drain_task_;
};

// Handlers. The coroutines take their data as parameters, because the captures of a lambda would not live long enough.

inline task<http::response> delayed_response(duration delay, std::string text) {
  co_await sleep_for(delay);
  co_return text_response(std::move(text));
}

/// Records whether the handler was cancelled.
inline task<http::response> recorded_response(duration delay, log_lines* events) {
  const auto status = co_await sleep_for(delay);
  events->push_back(status == wait_status::cancelled ? "cancelled" : "completed");
  co_return text_response("late");
}

inline auto delayed_handler(duration delay, std::string text = "delayed") {
  return [delay, text = std::move(text)](request_context&) { return delayed_response(delay, text); };
}
inline auto recording_handler(duration delay, log_lines& events) {
  return [delay, &events](request_context&) { return recorded_response(delay, &events); };
}
inline auto text_handler(std::string text) {
  return [text = std::move(text)](request_context&) { return text_response(text); };
}
/// Responds with the body of the request.
inline http::response echo_handler(request_context& context) { return text_response(std::string{context.body()}); }

}  // namespace cohort::test
