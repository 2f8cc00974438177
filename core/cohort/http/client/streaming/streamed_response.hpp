// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <cohort/http/client/client_response.hpp>
#include <cohort/net/stream.hpp>
#include <cohort/runtime/task.hpp>
#include <cohort/telemetry/call_context.hpp>

namespace cohort::http {

/// The source of a streamed request body, such as a file or the body of another request. Used on one loop.
class request_body_source {
 public:
  virtual ~request_body_source() = default;

  /// Returns the next chunk, valid until the next call, or an empty view at the end of the body. An error ends the call
  /// with `client_error::request_body_failed`. Called again only after the previous chunk has been written to the
  /// connection, so a slow server slows the source down. `context` has the deadline of the call.
  virtual task<result<std::string_view, client_error>> read(call_context context) = 0;
  /// The length of the body, sent as `Content-Length`; empty if it is not known: the body is then sent chunked.
  virtual std::optional<std::uint64_t> content_length() const = 0;
  /// Rewinds to the start, for another attempt. Returns false if that is not possible; the request is then not
  /// retried once a chunk has been read.
  virtual bool rewind() { return false; }
  /// Returns the deadline for the head of the response. Called after the entire body has been sent. Only a deadline
  /// earlier than the call's deadline has an effect.
  virtual deadline response_deadline() { return deadline::never(); }

 protected:
  request_body_source() = default;
  request_body_source(const request_body_source&) = default;
  request_body_source& operator=(const request_body_source&) = default;
};

/// Receives the interim responses to a request (1xx except 101, RFC 9110 section 15.2), such as 103, with their fields.
/// The final response is read once the task has ended; `interim` is valid until then.
using interim_callback = std::function<task<>(const client_response& interim)>;
/// Further interim responses to one request are ignored.
inline constexpr unsigned max_interim_responses = 16;

/// A request body from a string, sent as one chunk.
class text_body_source final : public request_body_source {
 public:
  explicit text_body_source(std::string text) : text_(std::move(text)) {}

  task<result<std::string_view, client_error>> read(call_context) override {
    const std::string_view part = is_read_ ? std::string_view{} : std::string_view{text_};
    is_read_ = true;
    co_return part;
  }
  std::optional<std::uint64_t> content_length() const override { return text_.size(); }
  bool rewind() override {
    is_read_ = false;
    return true;
  }

 private:
  std::string text_;
  bool is_read_ = false;
};

/// The body of a response, still on its connection. If the object is destroyed before the end of the body, the
/// connection is closed.
class response_body_stream {
 public:
  virtual ~response_body_stream() = default;

  /// Returns the next chunk of the body, valid until the next call, or an empty view at its end. After the end or an
  /// error, further calls return the same result. Waits until `read_deadline` (`client_error::body_timeout`). A
  /// truncated body is reported as the error `body_truncated`, never as the end of the body. Nothing is read ahead of
  /// the calls, so a slow reader slows the server down.
  virtual task<result<std::string_view, client_error>> read(deadline read_deadline) = 0;
  /// Whether the entire body has been received, so that the next `read` does not wait.
  virtual bool is_complete() const noexcept = 0;
  /// The upgraded connection, after 101 Switching Protocols. Valid for the lifetime of this object.
  virtual net::stream& connection() noexcept = 0;
  /// Returns the bytes of the upgraded connection that were received together with the 101 response. May be called
  /// once.
  virtual std::string take_received_bytes() = 0;
  /// Returns the bytes that `read` has not returned yet, without waiting; empty after an error. Precondition:
  /// `is_complete()`.
  virtual std::string take_remaining_bytes() = 0;

 protected:
  response_body_stream() = default;
  response_body_stream(const response_body_stream&) = default;
  response_body_stream& operator=(const response_body_stream&) = default;
};

/// The head of a response, and its body as a stream.
struct streamed_response {
  /// The status and the header fields; its `body` is empty.
  client_response head;
  /// The body as the server sent it, not decompressed; never null.
  std::unique_ptr<response_body_stream> body;

  /// The value of `Content-Length`; empty if it is absent or invalid.
  std::optional<std::uint64_t> content_length() const noexcept;
};

}  // namespace cohort::http
