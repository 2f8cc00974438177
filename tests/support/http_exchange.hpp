#pragma once

#include "tests/support/http_message.hpp"
#include "tests/support/socket.hpp"

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
  std::vector<response> interim{};  ///< the 1xx responses that came before

  /// The first value of `name`, compared without case; empty if it is not there.
  [[nodiscard]] std::string header(std::string_view name) const { return find_header(headers, name).value_or(""); }
};

/// One event of a text/event-stream; `event` is "message" where the stream names none, as in a browser.
struct sse_event {
  std::string event{};
  std::string data{};
};

/// A blocking HTTP/1.1 client on one TCP connection to 127.0.0.1, that sends exactly the bytes it is given.
/// Every read throws std::runtime_error when nothing comes in time, when the peer resets, or when it sends what is no
/// HTTP.
class raw_connection {
 public:
  explicit raw_connection(std::uint16_t port);

  /// Sends all of `bytes`, or as many as the peer takes before it closes, and gives their count: a server may answer
  /// and close before it has read all, and the answer is what a test wants to see.
  std::size_t send(std::string_view bytes);

  /// The next response, whole. `head_request`: it answers a HEAD, so has no body whatever it says.
  response read_response(std::chrono::milliseconds timeout = default_timeout, bool head_request = false);

  /// The next response up to its body, which is left to read_sse_event().
  response read_head(std::chrono::milliseconds timeout = default_timeout, bool head_request = false);

  /// The next event of the body whose head was read last; lines end in LF or CRLF, comments are skipped.
  sse_event read_sse_event(std::chrono::milliseconds timeout = default_timeout);

  /// What has come and was not taken yet, as it was sent; empty once the peer has closed.
  std::string read_some(std::chrono::milliseconds timeout = default_timeout);

  /// Whether the peer closes (or resets) within `timeout` with nothing left to read. False as well as soon as bytes
  /// come instead; they stay to be read.
  bool at_eof(std::chrono::milliseconds timeout = default_timeout);

  /// No more will be sent, but reading goes on.
  void half_close();

  /// Closes with RST, as a crashed or impatient client does. Nothing may be called after it.
  void reset();

 private:
  bool fill(time_point until);
  void fill_body(time_point until);

  file_descriptor socket_;
  bool was_reset_{false};
  std::string input_;
  body_decoder body_;
  std::string decoded_;
  sse_event pending_;
};

/// One exchange on a connection of its own. Host, Connection: close and, with a body that is not
/// chunked, Content-Length are added where `headers` does not have them.
response request(std::uint16_t port, std::string_view method, std::string_view target, const header_list& headers = {},
                 std::string_view body = {});

response get(std::uint16_t port, std::string_view target, const header_list& headers = {});

}  // namespace cohort::test
