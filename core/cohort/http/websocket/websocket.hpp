// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <cohort/http/websocket/websocket_connection.hpp>
#include <cohort/telemetry/call_context.hpp>

namespace cohort::http {

/// The reason why `read` returned no message, or `send` queued none.
enum class websocket_error {
  /// The connection was closed by the peer, by this side or by a drain of the server, or it was lost; see `close_code`.
  closed = 1,
  /// The deadline passed. The connection stays open.
  timed_out,
  /// The coroutine was cancelled. The connection stays open.
  cancelled,
  /// The text to send is invalid UTF-8.
  invalid_text,
};

/// A message that is encoded once and sent to many clients of a server; see `websocket::send`. Copies share the bytes.
class prepared_message {
 public:
  /// The data of a text message must be valid UTF-8; otherwise `std::invalid_argument` is thrown.
  explicit prepared_message(std::string_view data, websocket_message::kind type = websocket_message::kind::text);
  const encoded_frame& frame() const noexcept { return frame_; }

 private:
  encoded_frame frame_;
};

/// An open WebSocket (RFC 6455) in a server's handler or in a client. Used on one loop. One coroutine may read while
/// others send. Responds to pings and detects dead connections automatically. The destructor aborts the connection.
class websocket {
 public:
  websocket(std::shared_ptr<websocket_connection> connection, std::string subprotocol)
      : connection_(std::move(connection)), subprotocol_(std::move(subprotocol)) {}
  ~websocket() {
    if (connection_) connection_->abort();
  }
  websocket(websocket&&) noexcept = default;
  websocket& operator=(websocket&&) = delete;

  /// The next message. After the connection was closed, messages that had already been received are returned first.
  task<result<websocket_message, websocket_error>> read(deadline read_deadline = deadline::never());
  task<result<websocket_message, websocket_error>> read(const call_context& context) { return read(context.deadline); }

  /// Queues a message; `websocket_settings::when_full` is the policy for a full queue. Success does not mean that the
  /// peer has received the message.
  task<result<void, websocket_error>> send(std::string text, deadline send_deadline = deadline::never());
  task<result<void, websocket_error>> send(std::string text, const call_context& context) {
    return send(std::move(text), context.deadline);
  }
  task<result<void, websocket_error>> send_binary(std::string data, deadline send_deadline = deadline::never());
  /// Queues a message without waiting. Returns false if the connection is closed, or the queue is full and the policy
  /// is `wait`. This function is for servers only, because the frame has no mask. The frame is not compressed.
  bool try_send(const prepared_message& message);

  /// Closes the connection: sends the queued messages, then a close frame, and waits, in the background, for the close
  /// frame of the peer. `code` is `close_code::normal_closure`, another code of RFC 6455 section 7.4.1 that may be
  /// sent, or 3000 to 4999; otherwise `std::invalid_argument` is thrown. `reason` is truncated to 123 bytes.
  void close(std::uint16_t code = close_code::normal_closure, std::string_view reason = {});
  /// Waits until the connection is closed, at most for `close_timeout` after `close`. Received messages are discarded.
  task<> closed();

  /// Whether messages can be sent.
  bool is_open() const noexcept { return connection_->is_open(); }
  /// Once the connection is closed, returns the code of the close frame that was sent or received first; 1005 if that
  /// frame had no code, 1006 if the connection was lost.
  std::uint16_t close_code() const noexcept { return connection_->close_code(); }
  const std::string& close_reason() const noexcept { return connection_->close_reason(); }
  /// The negotiated subprotocol; empty if there is none.
  const std::string& subprotocol() const noexcept { return subprotocol_; }
  /// The number of bytes in the send queue.
  std::size_t queued_bytes() const noexcept { return connection_->queued_bytes(); }

 private:
  static task<result<void, websocket_error>> send_message(std::shared_ptr<websocket_connection> connection,
                                                          std::string data, websocket_message::kind type,
                                                          deadline send_deadline);

  std::shared_ptr<websocket_connection> connection_;
  std::string subprotocol_;
};

}  // namespace cohort::http
