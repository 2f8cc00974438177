// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <cohort/http/message/server_limits.hpp>
#include <cohort/net/stream.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>

namespace cohort::http {

/// Sends a response body in parts, for `response::stream`. A client that disconnects cancels the producer; a draining
/// server asks it to end.
class body_writer {
 public:
  enum class framing { chunked, until_close, fixed_length };

  /// `stream` and `draining` must outlive it. `content_length`, in bytes, is set for `fixed_length` only.
  body_writer(net::stream& stream, framing framing, const server_limits& limits, event& draining,
              std::optional<std::uint64_t> content_length = std::nullopt)
      : stream_(stream), framing_(framing), limits_(limits), draining_(draining), remaining_(content_length) {}

  /// Sends `bytes` and waits until they are written. False once the client does not take them within the write timeout
  /// or has disconnected, and for bytes beyond the content length, which are not sent.
  task<bool> write(std::string bytes);
  /// Sleeps for `span`; returns `notified` early, or at once, when the server drains.
  task<wait_status> pause(duration span);
  /// Whether the server drains; the producer should end.
  bool draining() const noexcept { return draining_.is_set(); }
  /// Whether all writes have succeeded.
  bool ok() const noexcept { return ok_; }

  /// Marks the body as incomplete: no more is sent, and the connection is closed without the end of the body, so that
  /// the client detects the truncation.
  void abort() noexcept { ok_ = false; }

  /// Ends the body. Returns whether it is complete and correctly framed, so that the connection can be kept. For the
  /// connection.
  task<bool> finish();
  /// Whether the producer wrote more than the content length, or, once it has returned, less. For the connection.
  bool has_wrong_length() const noexcept { return exceeds_length_ || (ok_ && remaining_.value_or(0) > 0); }
  /// The bytes sent, for the connection.
  std::uint64_t bytes_sent() const noexcept { return bytes_sent_; }

 private:
  task<> send(std::string bytes);

  net::stream& stream_;
  framing framing_;
  server_limits limits_;
  event& draining_;
  /// Of the content length.
  std::optional<std::uint64_t> remaining_;
  std::uint64_t bytes_sent_ = 0;
  bool exceeds_length_ = false;
  bool ok_ = true;
};

/// A server-sent event (WHATWG HTML, "Server-sent events"); each line of `data` becomes a `data:` line. Precondition:
/// `name` has no line break.
std::string sse_event(std::string_view name, std::string_view data);

}  // namespace cohort::http
