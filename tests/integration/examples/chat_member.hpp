// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include "tests/integration/running_program.hpp"

namespace cohort::test {

/// A client of the chat example that is a member of a room. The client sends frames with a mask of zeros.
class chat_member {
 public:
  chat_member(std::uint16_t port, const std::string& path, const std::string& header_lines = {}) : connection_(port) {
    connection_.send("GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
                     "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" + header_lines +
                     "\r\n");
    while (input_.find("\r\n\r\n") == std::string::npos) read_more();
    status = std::stoi(input_.substr(9, 3));
    input_.erase(0, input_.find("\r\n\r\n") + 4);
  }

  int status = 0;

  void send_text(const std::string& text) {
    std::string frame{'\x81', static_cast<char>(0x80U | text.size()), 0, 0, 0, 0};
    connection_.send(frame + text);
  }
  /// Returns the payload of the next frame; supports at most 125 bytes.
  std::string receive() {
    while (input_.size() < 2 || input_.size() < 2U + static_cast<unsigned char>(input_[1])) read_more();
    const auto payload = input_.substr(2, static_cast<unsigned char>(input_[1]));
    input_.erase(0, 2 + payload.size());
    return payload;
  }
  /// Responds to a close frame with `payload`, as RFC 6455 section 5.5.1 requires, and closes the client's end of the
  /// connection. Returns whether the server closed the connection first.
  bool respond_to_close(const std::string& payload) {
    std::string frame{'\x88', static_cast<char>(0x80U | payload.size()), 0, 0, 0, 0};
    connection_.send(frame + payload);
    const bool is_closed = connection_.wait_for_close();
    connection_.half_close();
    return is_closed;
  }

 private:
  void read_more() {
    const auto bytes = connection_.read_some();
    if (bytes.empty()) throw std::runtime_error("closed: " + input_);
    input_ += bytes;
  }

  raw_connection connection_;
  std::string input_;
};

}  // namespace cohort::test
