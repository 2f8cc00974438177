#pragma once

#include <boost/url/parse.hpp>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "core/http/client.hpp"
#include "tests/unit/core/net/peer.hpp"
#include "tests/unit/core/runtime/tasks.hpp"

// A client on a virtual clock and an in-memory network, and a server whose every byte the test sends by hand.
namespace cohort::test {

using http::client_error;

/// A request as the server got it.
struct asked {
  std::string start_line;
  header_list headers;
  std::string body;

  std::optional<std::string> header(std::string_view name) const { return find_header(headers, name); }
};

/// The server's end of one of the client's connections.
class server_end {
 public:
  server_end(virtual_time& time, net::stream_ptr end) : peer_(time, std::move(end)) {}

  /// The next request, whole.
  asked take_request() {
    auto head = take_head(input_);
    while (!head) {
      fill();
      head = take_head(input_);
    }
    asked request{head->start_line, head->headers, {}};
    body_decoder body{head->headers, body_decoder::when_unframed::empty};
    for (body.consume(input_, request.body); !body.finished(); body.consume(input_, request.body)) fill();
    return request;
  }
  void send(std::string_view bytes) { peer_.send(bytes); }
  void close() { peer_.stream().close(); }
  void reset() { net::reset_memory_stream(peer_.stream()); }
  bool client_has_closed() { return peer_.stream().readable() && !peer_.read().has_value(); }

 private:
  void fill() {
    auto got = peer_.read();
    if (!got) throw std::runtime_error("closed within a request: " + got.error().message());
    input_ += *got;
  }

  peer peer_;
  std::string input_;
};

inline task<> accept_into(net::acceptor& from, virtual_time& time, std::deque<server_end>& all) {
  for (;;) {
    auto accepted = co_await from.accept(loop::current());
    if (!accepted) co_return;
    all.emplace_back(time, std::move(*accepted));
  }
}

inline task<> close_idle(http::client& which) {
  which.close_idle();
  co_return;
}

/// What a call came to. It is cancelled with this.
class started_call {
 public:
  started_call(virtual_time& time, task<http::client::outcome> work) : time_(time), work_(time, std::move(work)) {}
  ~started_call() {
    if (!work_.ended()) work_.cancel();
  }
  started_call(const started_call&) = delete;
  started_call& operator=(const started_call&) = delete;

  bool ended() const { return work_.ended(); }
  void cancel() { work_.cancel(); }
  bool ended_by_cancellation() const { return work_.ended_by_cancellation(); }

  /// Lets time pass until it ends, if need be.
  const http::client::outcome& outcome() {
    for (int seconds = 0; !work_.ended() && seconds < 3600; ++seconds) time_.run_for(1s);
    if (!work_.ended()) throw std::runtime_error("the call does not end");
    if (work_.outcome().failure) std::rethrow_exception(work_.outcome().failure);
    return *work_.outcome().value;
  }
  /// Nothing where there is an answer.
  std::optional<client_error> error() {
    const auto& got = outcome();
    return got ? std::nullopt : std::optional{got.error()};
  }
  http::client_response answer() {
    const auto& got = outcome();
    if (!got) throw std::runtime_error("no answer: " + make_error_code(got.error()).message());
    return *got;
  }

 private:
  virtual_time& time_;
  lone_task<http::client::outcome> work_;
};

inline http::client_request get_url(std::string_view url) {
  http::client_request request;
  request.url = boost::urls::url{*boost::urls::parse_uri(url)};
  return request;
}

inline http::client_request with_verb(http::method verb, std::string_view url = "http://site.test/") {
  auto request = get_url(url);
  request.verb = verb;
  return request;
}

/// A whole answer with this body.
inline std::string ok(std::string_view body, std::string_view more = {}) {
  std::string text = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  return text.append(more).append("\r\n").append(body);
}

/// `http://site.test/`, one address, port 80; every connection made to it is kept for the test's hand.
class called_site {
 public:
  explicit called_site(net::memory_pipe_settings how = {}, http::client_limits limits = {})
      : called_site(nullptr, how, limits) {}
  /// Through another network, which may call this one.
  called_site(net::network* reach, net::memory_pipe_settings how = {}, http::client_limits limits = {})
      : network(how), client(reach ? *reach : network, 1, limits) {
    network.add_name("site.test", {address("192.0.2.80")});
    listen("192.0.2.80", 80);
  }
  ~called_site() {
    time.run(close_idle(client));
    for (auto& each : listeners_) each->close();
    settle();
  }
  called_site(const called_site&) = delete;
  called_site& operator=(const called_site&) = delete;

  virtual_time time;
  net::memory_network network;
  http::client client;

  static asio::ip::address address(const char* text) { return asio::ip::make_address(text); }
  void listen(const char* where, std::uint16_t port) {
    auto& made = *listeners_.emplace_back(network.listen({address(where), port}));
    accepting_.emplace_back(time, accept_into(made, time, connections_));
  }

  started_call start(http::client_request request, duration limit = 10s) {
    return started_call{time, client.call(std::move(request), deadline::after(time.now(), limit))};
  }
  started_call get(std::string_view url = "http://site.test/", duration limit = 10s) {
    return start(get_url(url), limit);
  }

  /// How many connections were made so far.
  std::size_t connections() {
    settle();
    return connections_.size();
  }
  server_end& connection(std::size_t number) {
    settle();
    return connections_.at(number);
  }
  server_end& newest() {
    settle();
    return connections_.at(connections_.size() - 1);
  }
  /// Runs all that is ready. Even what takes no time, such as to connect, takes ticks of the timer wheel.
  void settle() { time.run_for(4 * tick); }

  /// One call on the newest connection, or on a new one, and these bytes for its answer.
  std::optional<client_error> error_for(http::client_request request, std::string_view bytes, bool then_close = false) {
    auto call = start(std::move(request));
    answer_newest(bytes, then_close);
    return call.error();
  }
  http::client_response answer_for(http::client_request request, std::string_view bytes, bool then_close = false) {
    auto call = start(std::move(request));
    answer_newest(bytes, then_close);
    return call.answer();
  }

 private:
  void answer_newest(std::string_view bytes, bool then_close) {
    auto& server = newest();
    server.take_request();
    server.send(bytes);
    if (then_close) server.close();
  }

  std::vector<std::unique_ptr<net::acceptor>> listeners_;
  std::deque<server_end> connections_;
  std::deque<lone_task<>> accepting_;
};

}  // namespace cohort::test
