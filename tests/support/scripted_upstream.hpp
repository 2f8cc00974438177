#pragma once

#include "tests/support/black_hole.hpp"
#include "tests/support/http_message.hpp"
#include "tests/support/server_stream.hpp"
#include "tests/support/socket.hpp"

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

/// A whole response. Content-Length or, if `chunked`, Transfer-Encoding is added unless `headers` has one of them.
struct answer {
  int status{200};
  header_list headers{};
  std::string body{};
  std::chrono::milliseconds delay{0};
  bool chunked{false};      ///< the body in chunks of at most 1 KiB
  bool close_after{false};  ///< says Connection: close, and does
};

/// RST instead of an answer.
struct reset_before_answer {
  std::chrono::milliseconds delay{0};
};

/// Announces all of `body`, sends the first `sent` bytes (half of them by default), then RST.
struct reset_mid_body {
  int status{200};
  header_list headers{};
  std::string body{};
  std::optional<std::size_t> sent{};
};

/// Announces all of `body`, sends the first `sent` bytes (half of them by default), then closes in good order.
struct half_body {
  int status{200};
  header_list headers{};
  std::string body{};
  std::optional<std::size_t> sent{};
};

/// These bytes, whatever they are, then closes in good order.
struct garbage {
  std::string bytes{};
};

/// No answer; the connection stays open until the peer closes it.
struct silence {};

/// The head at once, then the body a byte at a time, `interval` before each.
struct drip {
  int status{200};
  header_list headers{};
  std::string body{};
  std::chrono::milliseconds interval{10};
};

using behaviour = std::variant<answer, reset_before_answer, reset_mid_body, half_body, garbage, silence, drip>;

struct recorded_request {
  std::string method{};
  std::string target{};
  header_list headers{};
  std::string body{};

  /// The first value of `name`, compared without case; empty if it is not there.
  [[nodiscard]] std::string header(std::string_view name) const { return find_header(headers, name).value_or(""); }
};

/// An HTTP/1.1 server on 127.0.0.1 that does to its clients what the test says. A thread per connection, connections
/// persistent unless the behaviour ends them. All members may be called from any thread; destruction ends every
/// delay at once.
class scripted_upstream {
 public:
  scripted_upstream();

  /// The same over TLS.
  explicit scripted_upstream(const certificate_and_key& leaf);

  ~scripted_upstream();
  scripted_upstream(const scripted_upstream&) = delete;
  scripted_upstream& operator=(const scripted_upstream&) = delete;

  /// For one request, in the order of these calls and of the requests' arrival.
  void next(behaviour step);

  /// For all requests that find no step left. Until it is set: 500 and a body that says so.
  void always(behaviour rest);

  /// How many steps given to next() have met no request yet; a script ends with 0.
  [[nodiscard]] std::size_t steps_left() const;

  /// Requests that have come in whole, in order.
  [[nodiscard]] std::vector<recorded_request> requests() const;

  /// Returns once at least `count` requests have come; throws std::runtime_error if they have not in time.
  void wait_for_requests(std::size_t count, std::chrono::milliseconds timeout = default_timeout) const;

  /// The same for connections whose peer closed, half-closed or reset while an answer was pending: the peer no
  /// longer wants it. Noticed during `delay`, `silence` and `drip`, and when an answer cannot be written.
  void wait_for_hangups(std::size_t count, std::chrono::milliseconds timeout = default_timeout) const;

  [[nodiscard]] std::size_t hangups() const;
  [[nodiscard]] std::size_t connections_accepted() const;
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

  /// "http://127.0.0.1:port", or "https://localhost:port": there is no listener on ::1.
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
  behaviour record(recorded_request request);
  template <class Count>
  void wait_until_counted(const char* what, Count counted, std::size_t wanted, std::chrono::milliseconds timeout) const;
  void note_fault(const std::string& what);

  std::unique_ptr<SSL_CTX, free_ssl> tls_;
  file_descriptor listener_;
  std::uint16_t port_;
  stop_signal stop_;

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::deque<behaviour> steps_;
  behaviour rest_;
  std::vector<recorded_request> requests_;
  std::size_t hangups_{0};
  std::size_t accepted_{0};
  std::string fault_;  // the last thing that went wrong on our side of the wire, for the messages of failed waits

  std::list<connection> connections_;  // the acceptor's own until it has been joined
  std::thread acceptor_;
};

}  // namespace cohort::test
