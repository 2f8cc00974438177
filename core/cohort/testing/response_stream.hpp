// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include <cohort/http/client/streaming/streamed_response.hpp>
#include <cohort/http/server/content/event_stream.hpp>
#include <cohort/runtime/time/virtual_time.hpp>

namespace cohort::testing {

/// A response with a streamed body, such as an event stream. Each call advances virtual time until it completes. The
/// server or fleet must outlive this object. The destructor closes the connection unless the body is complete.
class response_stream {
 public:
  response_stream(virtual_time& time, http::streamed_response response);
  ~response_stream();
  response_stream(response_stream&&) noexcept = default;
  response_stream& operator=(response_stream&&) = delete;

  /// Status and header fields; its `body` is empty.
  const http::client_response& head() const noexcept { return head_; }
  http::status status() const noexcept { return head_.status; }

  /// Returns the next chunk of the body; empty at its end. An error, including a timeout, ends the stream; later calls
  /// return the same error.
  result<std::string, http::client_error> read(duration timeout = std::chrono::seconds{30});
  /// The rest of the body, up to its end.
  result<std::string, http::client_error> read_to_end(duration timeout = std::chrono::seconds{30});
  /// The next event of a `text/event-stream`; comments are skipped. `body_truncated` if the stream has ended, and
  /// `body_timeout` if no event arrives in time, which also ends the stream.
  result<http::server_event, http::client_error> next_event(duration timeout = std::chrono::seconds{30});
  /// The number of comments (heartbeats) that `next_event` has skipped.
  unsigned comment_count() const noexcept { return comment_count_; }
  /// Closes the connection, like a client that disconnects.
  void disconnect();

 private:
  std::optional<http::server_event> take_event();

  virtual_time* time_;
  http::client_response head_;
  std::unique_ptr<http::response_body_stream> body_;
  /// Received bytes of events that are not complete.
  std::string input_;
  unsigned comment_count_ = 0;
};

}  // namespace cohort::testing
