// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "tests/support/http/http_message.hpp"
#include "tests/support/http/server_stream.hpp"
#include "tests/support/net/black_hole.hpp"
#include "tests/support/net/socket.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

namespace cohort::test {

/// A complete response. Content-Length or, if `chunked`, Transfer-Encoding is added unless `headers` has one of them.
struct canned_response {
  int status{200};
  header_list headers{};
  std::string body{};
  std::chrono::milliseconds delay{0};
  bool chunked{false};            ///< in chunks of at most 1 KiB
  bool closes_connection{false};  ///< with Connection: close
};

/// RST instead of a response.
struct reset_before_response {
  std::chrono::milliseconds delay{0};
};

/// A response with the Content-Length of `body` but only its first `sent` bytes (default: half), then RST.
struct reset_mid_body {
  int status{200};
  header_list headers{};
  std::string body{};
  std::optional<std::size_t> sent{};
};

/// A response with the Content-Length of `body` but only its first `sent` bytes (default: half), then an orderly close.
struct truncated_body {
  int status{200};
  header_list headers{};
  std::string body{};
  std::optional<std::size_t> sent{};
};

/// Arbitrary bytes, then an orderly close.
struct raw_bytes {
  std::string bytes{};
};

/// No response; the connection stays open until the client closes it.
struct no_response {};

/// Sends the head immediately, then the body byte by byte, with a delay of `interval` before each byte.
struct slow_body {
  int status{200};
  header_list headers{};
  std::string body{};
  std::chrono::milliseconds interval{10};
};

using behavior = std::variant<canned_response, reset_before_response, reset_mid_body, truncated_body, raw_bytes,
                              no_response, slow_body>;

struct recorded_request {
  std::string method{};
  std::string target{};
  header_list headers{};
  std::string body{};

  /// Returns the first value of the field `name` (case-insensitive); the result is empty if there is none.
  [[nodiscard]] std::string header(std::string_view name) const { return find_header(headers, name).value_or(""); }
};

/// An HTTP/1.1 server on 127.0.0.1 whose behavior a test defines. The server runs one thread per connection;
/// connections are persistent unless the behavior ends them. All members may be called from any thread. The destructor
/// interrupts all delays.
class scripted_upstream {
 public:
  scripted_upstream();

  /// A TLS server.
  explicit scripted_upstream(const certificate_and_key& leaf);

  ~scripted_upstream();
  scripted_upstream(const scripted_upstream&) = delete;
  scripted_upstream& operator=(const scripted_upstream&) = delete;

  /// Adds the behavior for one request: the n-th request uses the n-th step.
  void enqueue(behavior step);

  /// Sets the behavior for requests without a step. The default is a 500 response.
  void set_default_behavior(behavior step);

  /// Returns the number of steps that no request has used.
  [[nodiscard]] std::size_t remaining_steps() const;

  /// Returns all complete requests, in the order of their arrival.
  [[nodiscard]] std::vector<recorded_request> requests() const;

  /// Waits for at least `count` requests. Throws std::runtime_error after `timeout`.
  void wait_for_requests(std::size_t count, std::chrono::milliseconds timeout = default_timeout) const;

  /// Waits for at least `count` clients that have closed, half-closed or reset their connection before the response was
  /// complete. Disconnects are detected during `canned_response::delay`, `no_response` and `slow_body`, and by failed
  /// writes.
  void wait_for_disconnects(std::size_t count, std::chrono::milliseconds timeout = default_timeout) const;

  [[nodiscard]] std::size_t disconnect_count() const;
  [[nodiscard]] std::size_t accepted_connection_count() const;
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

  /// "http://127.0.0.1:port" or "https://localhost:port"; there is no listener on ::1.
  [[nodiscard]] std::string url() const;

 private:
  struct connection {
    std::thread thread;
    std::atomic<bool> done{false};
  };

  explicit scripted_upstream(std::unique_ptr<SSL_CTX, free_ssl> tls);

  void accept_all();
  void serve(server_stream& stream);
  std::optional<recorded_request> read_request(server_stream& stream, std::string& input) const;
  behavior record(recorded_request request);
  template <class Count>
  void wait_for_count(const char* name, Count count, std::size_t expected, std::chrono::milliseconds timeout) const;
  void record_error(const std::string& error);

  std::unique_ptr<SSL_CTX, free_ssl> tls_;
  file_descriptor listener_;
  std::uint16_t port_;
  stop_signal stop_;

  mutable std::mutex mutex_;
  mutable std::condition_variable change_condition_;
  std::deque<behavior> steps_;
  behavior default_behavior_;
  std::vector<recorded_request> requests_;
  std::size_t disconnect_count_{0};
  std::size_t accepted_connection_count_{0};
  std::string last_error_;  // of this server, for the messages of failed waits

  std::list<connection> connections_;  // used by the acceptor thread only
  std::thread acceptor_;
};

}  // namespace cohort::test
