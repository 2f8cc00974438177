// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/websocket/websocket.hpp>

#include <stdexcept>

#include <cohort/runtime/loop_fairness.hpp>

namespace cohort::http {
namespace {

using read_result = result<websocket_message, websocket_error>;
using send_result = result<void, websocket_error>;

/// The error of a wait; none if it was notified.
std::optional<websocket_error> error_of(wait_status status) noexcept {
  if (status == wait_status::timed_out) return websocket_error::timed_out;
  if (status == wait_status::cancelled) return websocket_error::cancelled;
  return std::nullopt;
}

/// Makes space for a message according to the policy. Returns false if the sender must wait.
bool make_space(websocket_connection& connection) {
  if (!connection.is_queue_full()) return true;
  switch (connection.settings().when_full) {
    case full_queue::wait: return false;
    case full_queue::drop_oldest: connection.drop_oldest(); return true;
    case full_queue::close: connection.close(close_code::try_again_later, "too slow"); return true;
  }
  return true;
}

task<read_result> read_message(std::shared_ptr<websocket_connection> connection, deadline read_deadline) {
  // This check precedes the removal of the message, so that a cancelled read does not lose it.
  if (must_yield_after(0)) co_await yield_to_loop();
  for (;;) {
    if (auto message = connection->take_message()) co_return std::move(*message);
    if (!connection->is_open()) co_return websocket_error::closed;
    const auto status = co_await connection->readers().wait(read_deadline);
    if (const auto error = error_of(status)) co_return *error;
  }
}

}  // namespace

prepared_message::prepared_message(std::string_view data, websocket_message::kind type) {
  const bool is_text = type == websocket_message::kind::text;
  if (is_text && !is_valid_utf8(data)) throw std::invalid_argument("a WebSocket text message must be valid UTF-8");
  frame_header header;
  header.opcode = is_text ? websocket_opcode::text : websocket_opcode::binary;
  header.payload_length = data.size();
  std::string bytes;
  bytes.reserve(data.size() + 10);
  append_frame_header(bytes, header);
  bytes += data;
  frame_ = std::make_shared<const std::string>(std::move(bytes));
}

task<read_result> websocket::read(deadline read_deadline) { return read_message(connection_, read_deadline); }

task<send_result> websocket::send_message(std::shared_ptr<websocket_connection> connection, std::string data,
                                          websocket_message::kind type, deadline send_deadline) {
  if (type == websocket_message::kind::text && !is_valid_utf8(data)) co_return websocket_error::invalid_text;
  while (connection->is_open() && !make_space(*connection)) {
    const auto status = co_await connection->senders().wait(send_deadline);
    if (const auto error = error_of(status)) co_return *error;
  }
  if (!connection->is_open()) co_return websocket_error::closed;
  const auto size = data.size();
  connection->send(connection->encode(std::move(data), type));
  if (must_yield_after(size)) co_await yield_to_loop();
  co_return send_result{};
}

task<send_result> websocket::send(std::string text, deadline send_deadline) {
  return send_message(connection_, std::move(text), websocket_message::kind::text, send_deadline);
}

task<send_result> websocket::send_binary(std::string data, deadline send_deadline) {
  return send_message(connection_, std::move(data), websocket_message::kind::binary, send_deadline);
}

bool websocket::try_send(const prepared_message& message) {
  if (!connection_->is_open() || !make_space(*connection_) || !connection_->is_open()) return false;
  connection_->send(message.frame());
  return true;
}

void websocket::close(std::uint16_t code, std::string_view reason) {
  if (!is_sendable_close_code(code)) throw std::invalid_argument("close code " + std::to_string(code) + " is invalid");
  connection_->close(code, reason);
}

task<> websocket::closed() {
  const auto connection = connection_;
  while (!connection->is_finished()) {
    while (connection->take_message()) {
    }
    const auto status = co_await connection->finish_waiters().wait(deadline::never());
    if (status == wait_status::cancelled) co_return;
  }
}

}  // namespace cohort::http
