// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/buffer.hpp>
#include <optional>
#include <string_view>

#include <cohort/http/server/content/body_reader.hpp>
#include <cohort/net/stream.hpp>
#include <cohort/runtime/time/clock.hpp>

namespace cohort::http {

class connection;
class request_context;

/// Reads the body of the current request of a connection. A long body is read into a separate buffer, a short body or a
/// small chunk into the connection's buffer.
class request_body_reader final : public body_reader {
 public:
  /// `owner` must outlive the reader; `context` must be valid during each `read`.
  request_body_reader(connection& owner, request_context& context) noexcept;

  task<result<std::string_view, body_error>> read(call_context context) override;
  std::optional<std::uint64_t> content_length() const noexcept override;

  /// Whether a read has failed, so that the end of the body is not known.
  bool has_failed() const noexcept { return failure_.has_value(); }
  /// Whether a read of the stream is pending.
  bool is_receiving() const noexcept { return is_receiving_; }

 private:
  void start();
  void finish() noexcept;
  /// Advances the deadline of the request, if its body extends it, to `request_timeout` after `start`.
  void advance_deadline(deadline start) noexcept;
  /// The next part of the content that has been received; empty if there is none.
  std::string_view decode_received();
  /// The buffer for the following content; empty if that content is short, or if the server has no memory left for
  /// bodies.
  asio::mutable_buffer direct_buffer();
  /// Reads at least one byte, within the deadline and at the minimum rate.
  task<net::io_result> receive(asio::mutable_buffer buffer, deadline read_deadline);
  body_error receive_error(error_code error, deadline read_deadline) const noexcept;

  connection& connection_;
  request_context& context_;
  bool has_started_ = false;
  bool is_receiving_ = false;
  bool is_reading_ = false;
  std::optional<body_error> failure_;
  /// Maximum time without a byte from the client: at most `body_timeout`. The time decreases while the connection waits
  /// for the client, and increases with the received bytes at the minimum rate.
  duration allowance_;
};

}  // namespace cohort::http
