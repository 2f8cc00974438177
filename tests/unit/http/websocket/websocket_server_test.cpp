// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cohort/http/websocket/permessage_deflate.hpp>
#include "tests/unit/http/websocket/websocket_fixture.hpp"

// Tests of the WebSocket server with clients whose bytes the test defines.
namespace cohort {
namespace {

using namespace cohort::test;

std::string replace(std::string text, std::string_view from, std::string_view to) {
  return text.replace(text.find(from), from.size(), to);
}

TEST_CASE(
    "websocket server: a valid handshake is accepted, and an invalid handshake is rejected with a status and a reason",
    "[http][websocket]") {
  server_fixture server;
  server.routes.websocket("/echo", echo_socket());
  frame_client client{server, handshake("/echo")};
  CHECK(client.response.header("Sec-WebSocket-Accept") == std::string{sample_accept});
  CHECK(client.response.header("Upgrade") == "websocket");
  CHECK(client.response.header("Connection") == "Upgrade");
  CHECK_FALSE(client.response.header("Sec-WebSocket-Extensions"));
  CHECK_FALSE(client.response.header("Content-Length"));

  const auto valid_handshake = handshake("/echo");
  struct row {
    std::string request;
    int status;
  };
  const row rows[] = {
      {get("/echo"), 426},
      {replace(valid_handshake, "Version: 13", "Version: 8"), 426},
      {replace(valid_handshake, "Sec-WebSocket-Version: 13\r\n", ""), 426},
      {replace(valid_handshake, "keep-alive, Upgrade", "keep-alive"), 400},
      {replace(valid_handshake, "Upgrade: websocket", "Upgrade: h2c"), 426},
      {replace(valid_handshake, "HTTP/1.1", "HTTP/1.0"), 400},
      {replace(valid_handshake, sample_key, "dGhlIHNhbXBsZSBub25jZQ"), 400},
      {replace(valid_handshake, sample_key, "dGhlIHNhbXBsZSBub25j!Q=="), 400},
      {replace(valid_handshake, sample_key, ""), 400},
      {handshake("/echo", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"), 400},
      {handshake("/echo", "Sec-WebSocket-Version: 13\r\n"), 400},
      {handshake("/echo", "Sec-WebSocket-Version: 8\r\n"), 400},
      {handshake("/echo", "Content-Length: 2\r\n") + "{}", 400},
      {handshake("/echo", "Origin: https://other.example\r\n"), 403},
      {handshake("/echo", "Origin: null\r\n"), 403},
      {replace(valid_handshake, "GET", "POST"), 405},
  };
  for (const auto& [request, status] : rows) {
    INFO(request);
    const auto response = server.response_to(request);
    CHECK(response.status == status);
    CHECK(response.body.find("message") != std::string::npos);
    if (status == 426) {
      CHECK(response.header("Sec-WebSocket-Version") == "13");
      CHECK(response.header("Upgrade") == "websocket");
    }
  }
}

TEST_CASE("websocket server: only pages of the same host may connect, unless other origins are allowed",
          "[http][websocket]") {
  server_fixture server;
  server.routes.websocket("/same", echo_socket());
  http::websocket_options options;
  options.handshake.allowed_origins = {"https://app.example"};
  server.routes.websocket("/listed", echo_socket(), options);
  options.handshake.allowed_origins = {"*"};
  server.routes.websocket("/any", echo_socket(), options);
  const auto is_accepted = [&](std::string_view path, const std::string& origin) {
    auto client = server.connect();
    client.send(handshake(path, "Origin: " + origin + "\r\n"));
    return client.receive()->status == 101;
  };
  CHECK(is_accepted("/same", "http://test"));
  CHECK(is_accepted("/same", "https://TEST:443"));
  CHECK_FALSE(is_accepted("/same", "http://test:8080"));
  CHECK_FALSE(is_accepted("/same", "http://test.example"));
  CHECK(is_accepted("/listed", "https://app.example"));
  CHECK_FALSE(is_accepted("/listed", "http://test"));
  CHECK(is_accepted("/any", "null"));
}

TEST_CASE("websocket server: middleware rejects a handshake before the upgrade", "[http][websocket]") {
  server_fixture server;
  server.routes.websocket("/echo", echo_socket())
      .use([](request_context& context) -> std::optional<http::response> {
        if (context.head().find("authorization")) return std::nullopt;
        return http::error_response(http::status::unauthorized, "no");
      })
      .use([](request_context& context, http::next next_handler) -> task<http::response> {
        return next_handler(context);
      });
  CHECK(server.response_to(handshake("/echo")).status == 401);
  frame_client client{server, handshake("/echo", "Authorization: x\r\n")};
  client.send(masked_text("hello"));
  CHECK(client.receive_text() == "hello");
}

TEST_CASE("websocket server: messages are echoed, for any segmentation of the bytes", "[http][websocket]") {
  const auto read_size = GENERATE(1U, 7U, 100'000U);
  server_fixture server{max_read_size(read_size)};
  server.routes.websocket("/echo", echo_socket());
  // The first message follows the handshake in one packet.
  frame_client client{server, handshake("/echo") + masked_text("first")};
  CHECK(client.receive_text() == "first");
  // The length of a frame has 16 bits, or 64 bits from 65,536 on.
  const std::string large(read_size == 1 ? 1000 : 70'000, 'L');
  client.send(masked({websocket_opcode::binary, large}));
  const auto echoed_message = client.receive();
  CHECK(echoed_message->opcode == websocket_opcode::binary);
  CHECK(echoed_message->payload == large);
  client.send(masked({websocket_opcode::ping, "are you there"}));
  const auto pong = client.receive();
  CHECK(pong->opcode == websocket_opcode::pong);
  CHECK(pong->payload == "are you there");
  client.send(masked({websocket_opcode::close, close_payload(1000, "done")}));
  const auto close = client.receive();
  CHECK(close->opcode == websocket_opcode::close);
  CHECK(close->payload == close_payload(1000, "done"));
  CHECK_FALSE(client.receive());
  CHECK(closes(server, "1000") == 1);
  CHECK(server.metric_value("cohort_server_websocket_connections") == 0);
  CHECK(server.metric_value("cohort_server_websocket_messages_total{direction=\"received\"}") == 2);
  CHECK(server.metric_value("cohort_server_websocket_messages_total{direction=\"sent\"}") == 2);
  CHECK(server.metric_value("cohort_server_requests_in_flight") == 0);
  CHECK(server.request_count("/echo", "GET", 101) == 1);
}

TEST_CASE("websocket server: a protocol violation closes the connection with its close code, after the queued messages",
          "[http][websocket]") {
  server_fixture server;
  http::websocket_options options;
  options.connection.max_message_bytes = 10;
  server.routes.websocket("/echo", echo_socket(), options);
  struct row {
    std::string bytes;
    unsigned code;
  };
  const auto violation = GENERATE(values<row>({{std::string("\x81\x00", 2), 1002},
                                               {masked_text("\xFF"), 1007},
                                               {masked_text("eleven byte"), 1009},
                                               {masked({websocket_opcode::close, "x"}), 1002}}));
  frame_client client{server, handshake("/echo")};
  client.send(violation.bytes + std::string(1000, 'x'));
  CHECK(client.receive_close() == violation.code);
  const auto time_before = server.time.event_loop().now();
  CHECK_FALSE(client.receive());
  // The end of the stream follows immediately, not after `close_timeout`.
  CHECK(server.time.event_loop().now() - time_before < 1s);
  client.stream().close();
  server.time.run_for(1s);
  CHECK(closes(server, std::to_string(violation.code)) == 1);
  CHECK(server.metric_value("cohort_server_connections") == 0);
}

TEST_CASE("websocket server: the number of frames of a message is limited", "[http][websocket]") {
  server_fixture server;
  http::websocket_options options;
  options.connection.max_message_bytes = 10;
  server.routes.websocket("/echo", echo_socket(), options);
  const auto message_of = [](std::size_t frames) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < frames; ++i) {
      bytes += masked({i == 0 ? websocket_opcode::text : websocket_opcode::continuation, i < 8 ? "x" : "", false});
    }
    return bytes + masked({websocket_opcode::continuation, "y"});
  };
  frame_client client{server, handshake("/echo")};
  for (int i = 0; i < 2; ++i) {
    client.send(message_of(1024));
    CHECK(client.receive()->payload == "xxxxxxxxy");
  }
  client.send(message_of(1025));
  CHECK(client.receive_close() == 1008);
  CHECK_FALSE(client.receive());
  client.stream().close();
  server.time.run_for(1s);
  CHECK(closes(server, "1008") == 1);
}

TEST_CASE("websocket server: subprotocol and compression are negotiated", "[http][websocket]") {
  server_fixture server;
  http::websocket_options options;
  options.handshake.subprotocols = {"v2", "v1"};
  server.routes.websocket("/echo", echo_socket(), options);
  frame_client client{server, handshake("/echo",
                                        "Sec-WebSocket-Protocol: v1, v3\r\nSec-WebSocket-Protocol: v2\r\n"
                                        "Sec-WebSocket-Extensions: permessage-deflate\r\n")};
  CHECK(client.response.header("Sec-WebSocket-Protocol") == "v2");
  CHECK(client.response.header("Sec-WebSocket-Extensions") ==
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover");
  const std::string text(5000, 'c');
  client.send(masked({websocket_opcode::text, http::deflate_message(text), true, true}));
  const auto echoed_message = client.receive();
  CHECK(echoed_message->is_compressed);
  bool is_too_large = false;
  CHECK(http::inflate_message(echoed_message->payload, 10'000, is_too_large) == text);
  client.send(masked_text("short"));
  CHECK(client.receive_text() == "short");

  frame_client other{server, handshake("/echo", "Sec-WebSocket-Protocol: v3\r\n")};
  CHECK_FALSE(other.response.header("Sec-WebSocket-Protocol"));
}

TEST_CASE("websocket server: an idle peer is pinged, and its connection is closed if it does not respond",
          "[http][websocket]") {
  server_fixture server;
  server.routes.websocket("/echo", echo_socket());
  frame_client client{server, handshake("/echo")};
  CHECK(client.receive()->opcode == websocket_opcode::ping);
  client.send(masked({websocket_opcode::pong, ""}));
  CHECK(client.receive()->opcode == websocket_opcode::ping);
  const auto time_before = server.time.event_loop().now();
  CHECK_FALSE(client.receive());
  CHECK(server.time.event_loop().now() - time_before <= 21s);
  server.time.run_for(10s);
  CHECK(closes(server, "1006") == 1);
  CHECK(server.metric_value("cohort_server_connections") == 0);
}

TEST_CASE("websocket server: a connection without messages is closed at its idle timeout", "[http][websocket]") {
  server_fixture server;
  http::websocket_options options;
  options.connection.idle_timeout = 10s;
  server.routes.websocket("/echo", echo_socket(), options);
  frame_client client{server, handshake("/echo")};
  server.time.run_for(9s);
  client.send(masked_text("still here"));
  CHECK(client.receive_text() == "still here");
  server.time.run_for(9s);
  client.send(masked({websocket_opcode::ping, ""}));
  CHECK(client.receive()->opcode == websocket_opcode::pong);
  CHECK(client.receive_close() == close_code::going_away);
}

task<> read_with_deadline(websocket& socket, log_lines& events) {
  const auto first = co_await socket.read(deadline::after(loop::current().now(), 1s));
  events.push_back(!first && first.error() == websocket_error::timed_out ? "timed out" : "?");
  const auto second = co_await socket.read();
  events.push_back(second ? second->data : "?");
  const auto third = co_await socket.read();
  events.push_back(!third && third.error() == websocket_error::closed ? "closed" : "?");
  events.push_back(std::to_string(socket.close_code()) + " " + socket.close_reason());
  const auto sent = co_await socket.send("too late");
  events.push_back(!sent && sent.error() == websocket_error::closed ? "closed" : "?");
}

TEST_CASE("websocket server: reads time out at their deadline, and end when the peer closes", "[http][websocket]") {
  log_lines events;
  server_fixture server;
  server.routes.websocket("/", [&events](request_context&, websocket& socket) {  //
    return read_with_deadline(socket, events);
  });
  frame_client client{server, handshake("/")};
  server.time.run_for(2s);
  client.send(masked_text("message") + masked({websocket_opcode::close, close_payload(4001, "why")}));
  CHECK(client.receive_close() == 4001);
  server.time.run_for(1s);
  CHECK(events == log_lines{"timed out", "message", "closed", "4001 why", "closed"});
}

TEST_CASE("websocket server: a handler is cancelled after a grace period when the connection is lost",
          "[http][websocket]") {
  log_lines events;
  server_fixture server;
  server.routes.websocket("/", [&events](request_context&, websocket&) { return wait_forever(events); });
  frame_client client{server, handshake("/")};
  client.stream().close();
  server.time.run_for(4s);
  CHECK(events.empty());
  server.time.run_for(2s);
  CHECK(events == log_lines{"cancelled"});
  CHECK(server.metric_value("cohort_server_connections") == 0);
}

TEST_CASE("websocket server: a drain sends queued messages, closes with 1001 and ends the handler",
          "[http][websocket]") {
  server_fixture server;
  server.routes.websocket("/echo", echo_socket());
  frame_client client{server, handshake("/echo")};
  client.send(masked_text("last words"));
  server.begin_drain(10s);
  CHECK(client.receive_text() == "last words");
  CHECK(client.receive_close() == close_code::going_away);
  client.send(masked({websocket_opcode::close, close_payload(1001)}));
  server.time.run_for(1s);
  CHECK(server.is_drained());
  CHECK(closes(server, "1001") == 1);
  CHECK(server.time.event_loop().timers().armed_count() == 0);
}

TEST_CASE("websocket server: a drain does not wait for a peer that does not close", "[http][websocket]") {
  server_fixture server;
  const bool has_short_timeout = GENERATE(false, true);
  server.routes.websocket("/echo", echo_socket());
  frame_client client{server, handshake("/echo")};
  server.begin_drain(has_short_timeout ? 1s : 60s);
  server.time.run_for(has_short_timeout ? 2s : 6s);
  CHECK(server.is_drained());
  CHECK(client.receive_close() == close_code::going_away);
}

task<> fail(websocket& socket) {
  co_await socket.send("before");
  throw std::runtime_error("handler failed");
}

TEST_CASE("websocket server: an exception of the handler is logged, and the connection is closed with 1011",
          "[http][websocket]") {
  captured_log log;
  {
    server_fixture server;
    server.log_to(log.sink());
    server.routes.websocket("/chat/{room}", [](request_context&, websocket& socket) { return fail(socket); });
    frame_client client{server, handshake("/chat/a")};
    CHECK(client.receive_text() == "before");
    CHECK(client.receive_close() == close_code::internal_error);
    client.send(masked({websocket_opcode::close, close_payload(1011)}));
    server.time.run_for(1s);
  }
  std::string text;
  for (const auto& line : log.close()) text += line + "\n";
  CHECK(text.find("handler failed") != std::string::npos);
  // The access log has the request after the close, with the bytes that were sent: 2 + 6 and 2 + 2.
  CHECK(text.find("\"route\":\"/chat/{room}\",\"status\":101,\"bytes\":12,\"complete\":true") != std::string::npos);
}

}  // namespace
}  // namespace cohort
