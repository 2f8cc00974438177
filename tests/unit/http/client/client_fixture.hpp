// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/url/parse.hpp>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include <cohort/http/client/fetch.hpp>
#include "tests/unit/net/peer.hpp"
#include "tests/unit/runtime/task_fixtures.hpp"

// Fixture of a client on a virtual clock and an in-memory network. The test itself sends the bytes of the server.
namespace cohort::test {

using http::client_error;

struct received_request {
  std::string start_line;
  header_list headers;
  std::string body;

  std::optional<std::string> header(std::string_view name) const { return find_header(headers, name); }
};

/// The server side of a connection of the client.
class server_connection {
 public:
  server_connection(virtual_time& time, net::stream_ptr stream) : peer_(time, std::move(stream)) {}

  /// Reads the entire next request.
  received_request read_request() {
    auto head = extract_head(input_);
    while (!head) {
      read_more();
      head = extract_head(input_);
    }
    received_request request{head->start_line, head->headers, {}};
    body_decoder body{head->headers, body_decoder::unframed_body::empty};
    for (body.consume(input_, request.body); !body.finished(); body.consume(input_, request.body)) read_more();
    return request;
  }
  /// Returns bytes that are not HTTP: the received bytes that were not read yet, or the bytes of the next read.
  std::string read_bytes() {
    if (input_.empty()) read_more();
    return std::exchange(input_, {});
  }
  void send(std::string_view bytes) { peer_.send(bytes); }
  void close() { peer_.stream().close(); }
  net::stream& stream() { return peer_.stream(); }
  void reset() { net::reset_memory_stream(peer_.stream()); }
  bool client_has_closed() { return peer_.stream().is_readable() && !peer_.read().has_value(); }

 private:
  void read_more() {
    auto bytes = peer_.read();
    if (!bytes) throw std::runtime_error("connection closed before the end of the request: " + bytes.error().message());
    input_ += *bytes;
  }

  peer peer_;
  std::string input_;
};

inline task<> accept_connections(net::acceptor& acceptor, virtual_time& time,
                                 std::deque<server_connection>& connections) {
  for (;;) {
    auto accept_result = co_await acceptor.accept(loop::current());
    if (!accept_result) co_return;
    connections.emplace_back(time, std::move(*accept_result));
  }
}

inline task<> close_idle(http::client& client) {
  client.close_idle();
  co_return;
}

/// A call that runs concurrently with the test code. The destructor cancels the call.
class started_call {
 public:
  started_call(virtual_time& time, task<http::client_result> call) : time_(time), call_(time, std::move(call)) {}
  ~started_call() {
    if (!call_.ended()) call_.cancel();
  }
  started_call(const started_call&) = delete;
  started_call& operator=(const started_call&) = delete;

  bool ended() const { return call_.ended(); }
  void cancel() { call_.cancel(); }

  /// Advances the time until the call has ended.
  const http::client_result& result() {
    for (int seconds = 0; !call_.ended() && seconds < 3600; ++seconds) time_.run_for(1s);
    if (!call_.ended()) throw std::runtime_error("the call does not end");
    if (call_.outcome().failure) std::rethrow_exception(call_.outcome().failure);
    return *call_.outcome().value;
  }
  /// Returns the error of the call, or an empty result if the call has a response.
  std::optional<client_error> error() {
    const auto& call_result = result();
    return call_result ? std::nullopt : std::optional{call_result.error()};
  }
  http::client_response response() {
    const auto& call_result = result();
    if (!call_result) throw std::runtime_error("no response: " + make_error_code(call_result.error()).message());
    return *call_result;
  }

 private:
  virtual_time& time_;
  spawned_task<http::client_result> call_;
};

inline http::client_request get_request(std::string_view url) {
  http::client_request request;
  request.url = boost::urls::url{*boost::urls::parse_uri(url)};
  return request;
}

inline http::client_request make_request(http::method method, std::string_view url = "http://site.test/") {
  auto request = get_request(url);
  request.method = method;
  return request;
}

/// Returns a complete response with status 200.
inline std::string ok_response(std::string_view body, std::string_view extra_fields = {}) {
  std::string text = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  return text.append(extra_fields).append("\r\n").append(body);
}

/// A client, and the server `http://site.test/` with one address, on port 80.
class client_fixture {
 public:
  explicit client_fixture(net::memory_pipe_settings pipe = {}, http::client_settings settings = {})
      : client_fixture(nullptr, pipe, settings) {}
  /// The client uses `client_network`, if that is not null.
  explicit client_fixture(net::network* client_network, net::memory_pipe_settings pipe = {},
                          http::client_settings settings = {})
      : network(pipe), client(client_network ? *client_network : network, 1, settings) {
    network.add_name("site.test", {address("192.0.2.80")});
    listen("192.0.2.80", 80);
  }
  ~client_fixture() {
    time.run(close_idle(client));
    for (auto& acceptor : acceptors_) acceptor->close();
    run_ready();
  }
  client_fixture(const client_fixture&) = delete;
  client_fixture& operator=(const client_fixture&) = delete;

  virtual_time time;
  net::memory_network network;
  http::client client;

  static asio::ip::address address(const char* text) { return asio::ip::make_address(text); }
  void listen(const char* local_address, std::uint16_t port) {
    auto& acceptor = *acceptors_.emplace_back(network.listen({address(local_address), port}));
    accept_tasks_.emplace_back(time, accept_connections(acceptor, time, connections_));
  }

  started_call start(http::client_request request, duration timeout = 10s) {
    return started_call{time, http::fetch(client, std::move(request), deadline::after(time.now(), timeout))};
  }
  started_call get(std::string_view url = "http://site.test/", duration timeout = 10s) {
    return start(get_request(url), timeout);
  }

  /// Returns the number of connections that the client has made so far.
  std::size_t connection_count() {
    run_ready();
    return connections_.size();
  }
  server_connection& connection(std::size_t index) {
    run_ready();
    return connections_.at(index);
  }
  server_connection& newest_connection() {
    run_ready();
    return connections_.at(connections_.size() - 1);
  }
  /// Runs the ready handlers. Operations without latency, such as connecting, require some ticks of the timer wheel.
  void run_ready() { time.run_for(4 * tick); }

  /// Makes a call and responds to it with `bytes` on the newest connection.
  std::optional<client_error> receive_error(http::client_request request, std::string_view bytes,
                                            bool closes_connection = false) {
    auto call = start(std::move(request));
    respond(bytes, closes_connection);
    return call.error();
  }
  http::client_response receive_response(http::client_request request, std::string_view bytes,
                                         bool closes_connection = false) {
    auto call = start(std::move(request));
    respond(bytes, closes_connection);
    return call.response();
  }

 private:
  void respond(std::string_view bytes, bool closes_connection) {
    auto& connection = newest_connection();
    connection.read_request();
    connection.send(bytes);
    if (closes_connection) connection.close();
  }

  std::vector<std::unique_ptr<net::acceptor>> acceptors_;
  std::deque<server_connection> connections_;
  std::deque<spawned_task<>> accept_tasks_;
};

}  // namespace cohort::test
