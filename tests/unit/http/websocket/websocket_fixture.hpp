// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include <cohort/http/websocket/frame.hpp>
#include <cohort/http/websocket/websocket.hpp>
#include "tests/unit/http/server/server_fixture.hpp"

// A WebSocket client that sends exactly the frames of a test.
namespace cohort::test {

using http::websocket;
using http::websocket_error;
using http::websocket_opcode;
namespace close_code = http::close_code;

/// The example of RFC 6455 section 1.3.
inline constexpr std::string_view sample_key = "dGhlIHNhbXBsZSBub25jZQ==";
inline constexpr std::string_view sample_accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

inline std::string handshake(std::string_view path, std::string_view header_lines = {}) {
  std::string lines = "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
  lines.append("Sec-WebSocket-Key: ").append(sample_key).append("\r\n").append(header_lines);
  return get(path, lines);
}

struct frame {
  websocket_opcode opcode = websocket_opcode::text;
  std::string payload{};
  bool is_final = true;
  bool is_compressed = false;
};

inline std::string encode(const frame& value, bool is_masked) {
  http::frame_header header{value.opcode, value.is_final, value.is_compressed, {}, value.payload.size()};
  auto payload = value.payload;
  if (is_masked) {
    header.mask = {'\x11', '\x22', '\x33', '\x44'};
    http::apply_mask(payload.data(), payload.size(), *header.mask, 0);
  }
  std::string bytes;
  http::append_frame_header(bytes, header);
  return bytes + payload;
}
/// Returns a frame of a client.
inline std::string masked(const frame& value) { return encode(value, true); }
inline std::string masked_text(std::string payload) { return masked({websocket_opcode::text, std::move(payload)}); }

inline std::string close_payload(std::uint16_t code, std::string_view reason = {}) {
  std::string payload{static_cast<char>(code >> 8U), static_cast<char>(code & 0xFFU)};
  return payload.append(reason);
}

/// Returns the number of connections that were closed with `code`, or -1 if the metric does not exist.
inline double closes(const server_fixture& server, const std::string& code) {
  return server.metric_value("cohort_server_websocket_closes_total{code=\"" + code + "\"}").value_or(-1);
}

/// Waits without a timeout, and records how the wait ended.
inline task<> wait_forever(log_lines& events) {
  const auto status = co_await sleep_for(24h);
  events.push_back(status == wait_status::cancelled ? "cancelled" : "slept");
}

/// A client after the handshake, which reads the frames of the server.
class frame_client {
 public:
  frame_client(server_fixture& server, std::string_view request) : peer_(server.connect()) {
    peer_.send(request);
    const auto upgrade_response = peer_.receive();
    if (!upgrade_response || upgrade_response->status != 101) throw std::runtime_error("no upgrade");
    response = *upgrade_response;
    input_ = peer_.unread_input();
  }

  received_response response;

  void send(std::string_view bytes) { peer_.send(bytes); }
  /// Returns the next frame; the result is empty if the connection is closed.
  std::optional<frame> receive() {
    for (;;) {
      const auto parsed = http::parse_frame_header(input_, http::websocket_role::server);
      if (parsed.error) throw std::runtime_error(parsed.error);
      const auto size = parsed.size + static_cast<std::size_t>(parsed.header.payload_length);
      if (parsed.size > 0 && input_.size() >= size) {
        frame frame{parsed.header.opcode, input_.substr(parsed.size, size - parsed.size), parsed.header.is_final,
                    parsed.header.is_compressed};
        input_.erase(0, size);
        return frame;
      }
      const auto bytes = peer_.read();
      if (!bytes) return std::nullopt;
      input_ += *bytes;
    }
  }
  std::string receive_text() {
    const auto received = receive();
    return received ? received->payload : "(closed)";
  }
  /// Returns the code of the next frame, which must be a close frame, or zero if the connection is closed without one.
  unsigned receive_close() {
    const auto received = receive();
    if (!received) return 0;
    if (received->opcode != websocket_opcode::close) throw std::runtime_error("not a close frame");
    if (received->payload.empty()) return close_code::no_status;
    return static_cast<unsigned char>(received->payload[0]) * 256U + static_cast<unsigned char>(received->payload[1]);
  }
  net::stream& stream() { return peer_.stream(); }

 private:
  peer peer_;
  std::string input_;
};

/// Echoes each message until the connection is closed.
inline task<> echo_messages(websocket& socket) {
  for (;;) {
    auto message = co_await socket.read();
    if (!message) co_return;
    if (message->type == http::websocket_message::kind::text) {
      auto sent = co_await socket.send(std::move(message->data));
      if (!sent) co_return;
    } else {
      auto sent = co_await socket.send_binary(std::move(message->data));
      if (!sent) co_return;
    }
  }
}

inline auto echo_socket() {
  return [](request_context&, websocket& socket) { return echo_messages(socket); };
}

}  // namespace cohort::test
