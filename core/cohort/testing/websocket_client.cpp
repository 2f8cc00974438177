// SPDX-License-Identifier: BSL-1.0
#include <cohort/testing/websocket_client.hpp>

#include <stdexcept>
#include <utility>

#include <cohort/testing/text.hpp>

namespace cohort::testing {
namespace {

using socket_pointer = std::unique_ptr<http::websocket>;

task<> destroy(socket_pointer socket) {
  socket.reset();
  co_return;
}

task<> close_and_wait(http::websocket& socket, std::uint16_t code, std::string reason) {
  socket.close(code, reason);
  co_await socket.closed();
}

}  // namespace

websocket_client::websocket_client(virtual_time& time, http::websocket socket)
    : time_(&time), socket_(std::make_unique<http::websocket>(std::move(socket))) {}

websocket_client::~websocket_client() {
  if (socket_) time_->run(destroy(std::move(socket_)));
}

result<void, http::websocket_error> websocket_client::send(std::string text) {
  return time_->run(socket_->send(std::move(text)));
}

result<void, http::websocket_error> websocket_client::send_binary(std::string data) {
  return time_->run(socket_->send_binary(std::move(data)));
}

result<http::websocket_message, http::websocket_error> websocket_client::read(duration timeout) {
  return time_->run(socket_->read(deadline::after(time_->now(), timeout)));
}

std::string websocket_client::read_text(duration timeout) {
  auto message = read(timeout);
  if (message) return std::move(message->data);
  auto reason = "no WebSocket message: " + to_text(message.error());
  if (!socket_->is_open()) reason += ", close code " + std::to_string(socket_->close_code());
  throw std::runtime_error(reason);
}

void websocket_client::close(std::uint16_t code, std::string_view reason) {
  time_->run(close_and_wait(*socket_, code, std::string{reason}));
}

}  // namespace cohort::testing
