// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>

#include "tests/unit/http/websocket/websocket_fixture.hpp"
#include "tests/unit/runtime/iteration_count.hpp"

// Tests of the queues and limits of the WebSocket server with slow clients and slow handlers.
namespace cohort {
namespace {

using namespace cohort::test;

task<> send_until_closed(websocket& socket, std::size_t count, log_lines& events) {
  for (std::size_t i = 0; i < count; ++i) {
    auto sent = co_await socket.send(std::to_string(i) + std::string(1000, '.'));
    if (!sent) {
      events.push_back("failed");
      co_return;
    }
  }
  events.push_back("sent");
}

/// A server whose handler sends 1,000 messages to a client that does not read at first.
struct slow_client_fixture {
  explicit slow_client_fixture(http::full_queue policy) : server(pipe()) {
    http::websocket_options options;
    options.connection.max_queued_messages = 10;
    options.connection.when_full = policy;
    server.routes.websocket(
        "/", [this](request_context&, websocket& socket) { return send_until_closed(socket, 1000, events); }, options);
  }
  static net::memory_pipe_settings pipe() {
    net::memory_pipe_settings settings;
    settings.capacity = 4096;
    return settings;
  }

  log_lines events;
  server_fixture server;
};

TEST_CASE("websocket server: a full queue makes the sender wait", "[http][websocket]") {
  slow_client_fixture fixture{http::full_queue::wait};
  frame_client client{fixture.server, handshake("/")};
  fixture.server.time.run_for(5s);
  CHECK(fixture.events.empty());
  for (int i = 0; i < 1000; ++i) REQUIRE(client.receive_text().starts_with(std::to_string(i) + "."));
  CHECK(client.receive_close() == close_code::normal_closure);
  CHECK(fixture.events == log_lines{"sent"});
}

task<> read_and_send(websocket& socket, int count, bool& has_ended) {
  for (int i = 0; i < count; ++i) co_await socket.read();
  for (int i = 0; i < count; ++i) co_await socket.send("123");
  has_ended = true;
}

TEST_CASE("websocket server: reads and sends that complete immediately yield to the loop every 64 messages",
          "[http][websocket]") {
  constexpr int count = 320;
  net::memory_pipe_settings settings;
  settings.capacity = 1024 * 1024;
  server_fixture server{settings};
  http::websocket_options options;
  options.connection.max_unread_messages = count + 1;
  int iterations = 0;
  server.routes.websocket(
      "/",
      [&iterations](request_context&, websocket& socket) -> task<> {
        co_await sleep_for(1s);  // all messages arrive
        bool has_ended = false;
        co_await run_both(read_and_send(socket, count, has_ended), count_iterations(has_ended, iterations));
      },
      options);
  frame_client client{server, handshake("/")};
  for (int i = 0; i < count; ++i) client.send(masked_text("1"));
  for (int i = 0; i < count; ++i) REQUIRE(client.receive_text() == "123");
  CHECK(iterations == 2 * count / 64);
}

TEST_CASE("websocket server: a full queue drops its oldest messages", "[http][websocket]") {
  slow_client_fixture fixture{http::full_queue::drop_oldest};
  frame_client client{fixture.server, handshake("/")};
  fixture.server.time.run_for(1s);
  CHECK(fixture.events == log_lines{"sent"});
  std::string last_text;
  int count = 0;
  for (auto received = client.receive(); received->opcode == websocket_opcode::text; received = client.receive()) {
    last_text = received->payload;
    ++count;
  }
  CHECK(last_text.starts_with("999."));
  CHECK(count < 30);
  CHECK(fixture.server.metric_value("cohort_server_websocket_dropped_messages_total") == 1000 - count);
}

TEST_CASE("websocket server: only entire messages are dropped, never a message that is being written",
          "[http][websocket]") {
  slow_client_fixture fixture{http::full_queue::drop_oldest};
  frame_client client{fixture.server, handshake("/")};
  fixture.server.time.run_for(1s);
  int previous = -1;
  for (auto received = client.receive(); received->opcode == websocket_opcode::text; received = client.receive()) {
    const auto number = std::stoi(received->payload);
    CHECK(number > previous);
    CHECK(received->payload == std::to_string(number) + std::string(1000, '.'));
    previous = number;
  }
  CHECK(previous == 999);
}

TEST_CASE("websocket server: one pong is queued for a peer that sends pings and does not read", "[http][websocket]") {
  std::size_t queued_bytes = 0;
  server_fixture server{slow_client_fixture::pipe()};
  server.routes.websocket("/", [&](request_context&, websocket& socket) -> task<> {
    co_await sleep_for(5s);
    queued_bytes = socket.queued_bytes();
  });
  frame_client client{server, handshake("/")};
  for (int i = 0; i < 1000; ++i)
    client.send(masked({websocket_opcode::ping, std::to_string(i) + std::string(100, '.')}));
  server.time.run_for(6s);
  CHECK(queued_bytes > 0);
  CHECK(queued_bytes < 500);
  std::string last_text;
  for (auto received = client.receive(); received->opcode == websocket_opcode::pong; received = client.receive())
    last_text = received->payload;
  CHECK(last_text == "999" + std::string(100, '.'));
}

TEST_CASE("websocket server: a full queue closes the connection with 1013", "[http][websocket]") {
  slow_client_fixture fixture{http::full_queue::close};
  frame_client client{fixture.server, handshake("/")};
  fixture.server.time.run_for(1s);
  CHECK(fixture.events == log_lines{"failed"});
  auto received = client.receive();
  while (received->opcode == websocket_opcode::text) received = client.receive();
  CHECK(received->payload.substr(0, 2) == close_payload(close_code::try_again_later));
}

TEST_CASE("websocket server: a peer that does not read is disconnected at the write timeout", "[http][websocket]") {
  slow_client_fixture fixture{http::full_queue::wait};
  frame_client client{fixture.server, handshake("/")};
  fixture.server.time.run_for(30s);
  CHECK(fixture.events == log_lines{"failed"});
  CHECK(closes(fixture.server, "1006") == 1);
  CHECK(fixture.server.metric_value("cohort_server_connections") == 0);
}

TEST_CASE("websocket server: the server stops reading the connection while the handler does not read messages",
          "[http][websocket]") {
  net::memory_pipe_settings pipe;
  pipe.capacity = 4096;
  log_lines events;
  server_fixture server{pipe};
  server.routes.websocket("/", [&events](request_context&, websocket&) { return wait_forever(events); });
  frame_client client{server, handshake("/")};
  std::string flood_frames;
  for (int i = 0; i < 1000; ++i) flood_frames += masked_text(std::string(100, 'f'));
  client.stream().set_deadline(deadline::after(server.time.event_loop().now(), 60s));
  const auto sent = server.time.run(write_bytes(client.stream(), flood_frames));
  CHECK(sent.error() == asio::error::timed_out);
  CHECK(server.metric_value("cohort_server_websocket_messages_total{direction=\"received\"}") == 16);
}

TEST_CASE("websocket server: the total size of received messages of all connections is limited", "[http][websocket]") {
  server_fixture server;
  server.settings.limits.max_total_body_bytes = 1000;
  server.routes.websocket("/echo", echo_socket());
  const auto message = masked_text(std::string(700, 'm'));
  frame_client first{server, handshake("/echo")};
  first.send(message.substr(0, 650));
  frame_client second{server, handshake("/echo")};
  second.send(message.substr(0, 650));
  CHECK(second.receive_close() == close_code::try_again_later);
  first.send(message.substr(650));
  CHECK(first.receive_text() == std::string(700, 'm'));
  frame_client third{server, handshake("/echo")};
  third.send(message);
  CHECK(third.receive_text() == std::string(700, 'm'));
}

}  // namespace
}  // namespace cohort
