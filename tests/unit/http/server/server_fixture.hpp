// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <cohort/runtime/concurrency/wait_queue.hpp>
#include <cohort/testing/server.hpp>
#include "tests/unit/net/peer.hpp"
#include "tests/unit/runtime/task_fixtures.hpp"
#include "tests/unit/telemetry/captured_log.hpp"

// Fixture of a server on a virtual clock and an in-memory network, and of clients that send exactly the given bytes.
namespace cohort::test {

using http::body_writer;
using http::request_context;

/// Returns a GET request; `header_lines` are complete lines.
inline std::string get(std::string_view path, std::string_view header_lines = {}) {
  std::string text = "GET ";
  text.append(path).append(" HTTP/1.1\r\nHost: test\r\n").append(header_lines).append("\r\n");
  return text;
}

/// Returns a POST request with a body; `header_lines` are complete lines.
inline std::string post(std::string_view path, std::string_view body, std::string_view header_lines = {}) {
  std::string text = "POST ";
  text.append(path).append(" HTTP/1.1\r\nHost: test\r\nContent-Length: ").append(std::to_string(body.size()));
  text.append("\r\n").append(header_lines).append("\r\n").append(body);
  return text;
}

inline http::response text_response(std::string text) { return http::response{}.body(std::move(text), "text/plain"); }

/// Returns settings of a pipe whose reads return at most this many bytes.
inline net::memory_pipe_settings max_read_size(std::size_t bytes) {
  net::memory_pipe_settings settings;
  settings.max_read_size = bytes;
  return settings;
}

/// A server on a virtual clock with separate metrics, and connections that send the bytes of a test.
class server_fixture {
 public:
  explicit server_fixture(net::memory_pipe_settings connection = {}) : server_({}, {}, connection) {}

 private:
  testing::server server_;

 public:
  virtual_time& time = server_.time();
  http::router& routes = server_.routes();
  http::server_settings& settings = server_.settings();
  telemetry::registry& metrics = server_.metrics();

  // See `testing::server`.
  void log_to(telemetry::log_sink& sink) { server_.log_to(sink); }
  void wrap_listener(std::function<std::unique_ptr<net::acceptor>(std::unique_ptr<net::acceptor>)> wrap) {
    server_.wrap_listener(std::move(wrap));
  }
  void start() { server_.start(); }
  net::memory_network& network() noexcept { return server_.network(); }
  void announce_drain() { server_.announce_drain(); }
  void begin_drain(duration timeout) { server_.begin_drain(timeout); }
  bool is_drained() const { return server_.is_drained(); }
  void drain(duration timeout) { server_.drain(timeout); }
  std::optional<double> metric_value(const std::string& series) const { return server_.metric_value(series); }

  /// Connects to the server, which is started if necessary.
  peer connect() { return {time, server_.connect().value()}; }
  /// Connects to the server, which observes the peer address `client_address`.
  peer connect_from(const std::string& client_address) {
    network().set_client_address(client_address);
    return connect();
  }
  /// Returns the error of an attempt to connect.
  error_code connect_error() {
    const auto connect_result = server_.connect();
    return connect_result ? error_code{} : connect_result.error();
  }

  /// Sends a request on a new connection. `is_head_request`: the method of the request is HEAD.
  received_response response_to(std::string_view request, bool is_head_request = false) {
    auto client = connect();
    client.send(request);
    auto response = client.receive(is_head_request);
    if (!response) throw std::runtime_error("closed without a response");
    return *response;
  }

  std::optional<double> request_count(const std::string& endpoint, const std::string& method, int status) const {
    return metric_value("test_http_requests_total{endpoint=\"" + endpoint + "\",method=\"" + method + "\",status=\"" +
                        std::to_string(status) + "\"}");
  }
};

// The coroutines of handlers take their data as parameters, because the captures of a lambda would be destroyed before
// the coroutines.

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
