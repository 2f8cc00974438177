// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include <cohort/http/message/response.hpp>
#include <cohort/runtime/task.hpp>
#include <cohort/telemetry/call_context.hpp>

namespace cohort::http {

/// The reason why the body of a request cannot be read further.
enum class body_error {
  /// The body exceeds the operation's `body_limit`, or its chunk extensions or trailers exceed their limits.
  too_large,
  /// The client sent less than `operation::min_body_rate` for longer than `server_limits::body_timeout`.
  too_slow,
  /// The chunked coding is invalid (RFC 9112 section 7.1).
  malformed,
  /// The client closed the connection before the end of the body.
  disconnected,
  /// The deadline of the call passed, or the request was cancelled.
  deadline,
};

/// A short name, such as `too_large`, for logs.
std::string_view to_string(body_error error) noexcept;

/// The response to a body that could not be read: 413, 408, 400 or 504. The response to `disconnected` is 400, which no
/// client receives.
response body_error_response(body_error error);

/// Value of `operation::body_limit` for no limit.
inline constexpr std::uint64_t unlimited_body = std::numeric_limits<std::uint64_t>::max();

/// The body of a request as a stream, for a handler `task<response>(request_context&, body_reader&)`. The reader is
/// valid until the handler returns.
///
/// Bytes are read from the connection only when the handler calls `read`, except bytes that arrive together with the
/// header section. Therefore, a handler that reads slowly slows down the client (backpressure). `100 Continue` is sent
/// at the first `read` if no byte of the body has arrived by then, and never if the handler does not read (RFC 9110
/// section 10.1.1).
///
/// While the body is received, the deadline of the request advances, unless the operation has its own `timeout`. The
/// handler is cancelled `server_limits::request_timeout` after its last `read`, plus the time for which that read may
/// wait at the minimum rate. Without a minimum rate, the handler is cancelled `request_timeout` after the start of that
/// read. Before the end of the body, the deadline of the context is the latest possible deadline: `request_timeout`
/// after the start, extended by the time for the length of the body, or for the body limit, at the minimum rate. At the
/// end of the body, the deadline of the context is reduced to `request_timeout` after that time. An earlier deadline of
/// the client always applies.
///
/// A handler need not read the entire body. After the response, the server discards the rest and keeps the connection
/// if the rest has at most 64 KiB. If the rest is longer or its length is unknown, the server closes the connection
/// after lingering.
class body_reader {
 public:
  virtual ~body_reader() = default;

  /// Returns the next part of the content, at most 64 KiB, or an empty view at the end of the body. After the end or an
  /// error, further calls return the same result. The view is valid until the next call. `context` sets the deadline of
  /// this call. Throws `std::logic_error` while another call is running.
  virtual task<result<std::string_view, body_error>> read(call_context context) = 0;

  /// The value of `Content-Length`; empty for a chunked body, 0 if there is no body.
  virtual std::optional<std::uint64_t> content_length() const noexcept = 0;

 protected:
  body_reader() = default;
  body_reader(const body_reader&) = default;
  body_reader& operator=(const body_reader&) = default;
};

}  // namespace cohort::http
