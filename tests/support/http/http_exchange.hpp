// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "tests/support/http/http_message.hpp"
#include "tests/support/net/socket.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cohort::test {

struct response {
  int status{0};
  std::string reason{};
  header_list headers{};
  std::string body{};
  std::string raw_head{};
  std::vector<response> interim{};  ///< preceding 1xx responses

  /// Returns the first value of the field `name` (case-insensitive); the result is empty if there is none.
  [[nodiscard]] std::string header(std::string_view name) const { return find_header(headers, name).value_or(""); }
};

/// An event of a text/event-stream; `event` is "message" if the stream has no event field.
struct sse_event {
  std::string event{};
  std::string data{};
};

/// A blocking HTTP/1.1 client on one TCP connection to 127.0.0.1 that sends exactly the given bytes. All read functions
/// throw std::runtime_error on a timeout, a reset or a malformed response.
class raw_connection {
 public:
  explicit raw_connection(std::uint16_t port);

  /// Sends `bytes` until the peer closes, and returns the number of bytes sent. A server may respond and close before
  /// it has read all bytes, which is not an error here.
  std::size_t send(std::string_view bytes);

  /// Reads a complete response. `is_head_request`: the response is to a HEAD request, so it has no body.
  response read_response(std::chrono::milliseconds timeout = default_timeout, bool is_head_request = false);

  /// Reads a response without its body, which read_sse_event() reads.
  response read_head(std::chrono::milliseconds timeout = default_timeout, bool is_head_request = false);

  /// Reads the next event of the body whose head was read last. Lines end in LF or CRLF; comments are skipped.
  sse_event read_sse_event(std::chrono::milliseconds timeout = default_timeout);

  /// Reads received bytes unchanged; the result is empty after the peer has closed.
  std::string read_some(std::chrono::milliseconds timeout = default_timeout);

  /// Returns whether the peer closes or resets the connection within `timeout` without sending further bytes. Received
  /// bytes can still be read.
  bool wait_for_close(std::chrono::milliseconds timeout = default_timeout);

  /// Closes the sending direction; reading is still possible.
  void half_close();

  /// Closes with RST. After this call, no other function may be called.
  void reset();

 private:
  bool fill(time_point deadline);
  void fill_body(time_point deadline);

  file_descriptor socket_;
  bool was_reset_{false};
  std::string input_;
  body_decoder body_;
  std::string decoded_;
  sse_event pending_;
};

/// Sends one request on a new connection. Adds Host, Connection: close and, for a body that is not chunked,
/// Content-Length unless `headers` has them.
response request(std::uint16_t port, std::string_view method, std::string_view target, const header_list& headers = {},
                 std::string_view body = {});

response get(std::uint16_t port, std::string_view target, const header_list& headers = {});

}  // namespace cohort::test
