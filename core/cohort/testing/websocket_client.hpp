// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include <cohort/http/websocket/websocket.hpp>
#include <cohort/runtime/time/virtual_time.hpp>

namespace cohort::testing {

/// The client side of a WebSocket connection. Each call advances virtual time until it completes. The server or fleet
/// must outlive this object. The destructor aborts the connection.
class websocket_client {
 public:
  websocket_client(virtual_time& time, http::websocket socket);
  ~websocket_client();
  websocket_client(websocket_client&&) noexcept = default;
  websocket_client& operator=(websocket_client&&) = delete;

  result<void, http::websocket_error> send(std::string text);
  result<void, http::websocket_error> send_binary(std::string data);
  /// The next message. After `timed_out` the connection stays open.
  result<http::websocket_message, http::websocket_error> read(duration timeout = std::chrono::seconds{30});
  /// Returns the data of the next message; throws `std::runtime_error` if there is none.
  std::string read_text(duration timeout = std::chrono::seconds{30});
  /// Closes the connection and waits for the close frame of the server.
  void close(std::uint16_t code = http::close_code::normal_closure, std::string_view reason = {});

  bool is_open() const noexcept { return socket_->is_open(); }
  /// See `http::websocket::close_code`.
  std::uint16_t close_code() const noexcept { return socket_->close_code(); }
  const std::string& close_reason() const noexcept { return socket_->close_reason(); }
  const std::string& subprotocol() const noexcept { return socket_->subprotocol(); }

 private:
  virtual_time* time_;
  std::unique_ptr<http::websocket> socket_;
};

}  // namespace cohort::testing
