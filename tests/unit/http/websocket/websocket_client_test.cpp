// SPDX-License-Identifier: BSL-1.0
#include <boost/url/parse.hpp>
#include <catch2/catch_test_macros.hpp>

#include <cohort/http/client/websocket_connect.hpp>
#include <cohort/http/websocket/handshake.hpp>
#include "tests/unit/http/websocket/websocket_fixture.hpp"

// Tests of the WebSocket client with this library's server, and with a peer whose bytes the test defines.
namespace cohort {
namespace {

using namespace cohort::test;
using http::client_error;
using http::websocket_connect_options;

const boost::urls::url server_url = boost::urls::parse_uri("ws://192.0.2.80/echo").value();
const boost::urls::url scripted_url = boost::urls::parse_uri("ws://192.0.2.81/socket?a=b").value();

call_context within(duration span) { return {.deadline = deadline::after(loop::current().now(), span)}; }

task<std::string> exchange(http::client& transport, std::string text, websocket_connect_options options) {
  auto connect_task = http::websocket_connect(within(5s), transport, server_url, std::move(options));
  auto socket = co_await std::move(connect_task);
  if (!socket) co_return socket.error().message;
  auto sent = co_await socket->send(std::move(text));
  if (!sent) co_return "not sent";
  auto received_message = co_await socket->read(within(5s));
  if (!received_message) co_return "no message";
  socket->close(http::close_code::normal_closure, "bye");
  auto close_task = socket->closed();
  co_await std::move(close_task);
  co_return socket->subprotocol() + "|" + received_message->data;
}

TEST_CASE("websocket client: messages are exchanged with a server, compressed or not", "[http][websocket]") {
  server_fixture server;
  http::websocket_options options;
  options.handshake.subprotocols = {"chat"};
  server.routes.websocket("/echo", echo_socket(), options);
  server.start();
  http::client transport{server.network(), 1};
  websocket_connect_options connect_options;
  connect_options.subprotocols = {"other", "chat"};
  const std::string text = "\xE2\x82\xAC " + std::string(5000, 'x');
  CHECK(server.time.run(exchange(transport, text, connect_options)) == "chat|" + text);
  connect_options.compression = false;
  connect_options.subprotocols = {};
  CHECK(server.time.run(exchange(transport, text, connect_options)) == "|" + text);
  server.time.run_for(1s);
  CHECK(server.metric_value("cohort_server_websocket_closes_total{code=\"1000\"}") == 2);
  CHECK(server.metric_value("cohort_server_websocket_connections") == 0);
}

TEST_CASE("websocket client: a socket that is destroyed closes its connection", "[http][websocket]") {
  server_fixture server;
  server.routes.websocket("/echo", echo_socket());
  server.start();
  http::client transport{server.network(), 1};
  const auto connect_and_drop = [](http::client& client) -> task<bool> {
    auto connect_task = http::websocket_connect(within(5s), client, server_url);
    const auto socket = co_await std::move(connect_task);
    co_return socket.has_value();
  };
  CHECK(server.time.run(connect_and_drop(transport)));
  server.time.run_for(1s);
  CHECK(server.metric_value("cohort_server_websocket_closes_total{code=\"1006\"}") == 1);
}

TEST_CASE("websocket client: the error of a rejected handshake has the status of the server", "[http][websocket]") {
  server_fixture server;
  server.routes.get("/echo", text_handler("no socket"));
  server.start();
  http::client transport{server.network(), 1};
  const auto status = [](http::client& client) -> task<unsigned> {
    auto connect_task = http::websocket_connect(within(5s), client, server_url);
    const auto socket = co_await std::move(connect_task);
    co_return socket ? 0 : socket.error().status;
  };
  CHECK(server.time.run(status(transport)) == 200);
}

/// A server that responds to each request with `response_text`, or does not respond if `response_text` is empty.
/// `{accept}` is replaced by the value of `Sec-WebSocket-Accept`.
struct scripted_server {
  virtual_time time;
  net::memory_network network;
  std::unique_ptr<net::acceptor> acceptor = network.listen({asio::ip::make_address("192.0.2.81"), 80});
  http::client transport{network, 1};
  std::string request;

  static task<> serve(scripted_server& self, std::string response_text) {
    auto stream = co_await self.acceptor->accept(loop::current());
    auto bytes = co_await read_once(**stream);
    self.request = *bytes;
    const auto key_start = self.request.find("Sec-WebSocket-Key: ") + 19;
    const auto accept = http::websocket_accept_value(self.request.substr(key_start, 24));
    if (const auto at = response_text.find("{accept}"); at != std::string::npos) response_text.replace(at, 8, accept);
    if (!response_text.empty()) co_await write_bytes(**stream, response_text);
    co_await sleep_for(60s);
  }
  static task<std::string> connect(scripted_server& self, websocket_connect_options options) {
    auto connect_task = http::websocket_connect(within(5s), self.transport, scripted_url, std::move(options));
    auto socket = co_await std::move(connect_task);
    if (!socket) co_return socket.error().message;
    auto message = co_await socket->read(within(5s));
    if (message) co_return "message: " + message->data;
    co_return "closed: " + std::to_string(socket->close_code());
  }
  std::string result(std::string response_text, websocket_connect_options options = {}) {
    spawned_task<> server{time, serve(*this, std::move(response_text))};
    auto outcome = time.run(connect(*this, std::move(options)));
    time.run_for(61s);
    return outcome;
  }
};

constexpr std::string_view valid_response =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: "
    "{accept}\r\n";

TEST_CASE("websocket client: the handshake requests the protocols and extensions of the options", "[http][websocket]") {
  scripted_server server;
  websocket_connect_options options;
  options.subprotocols = {"a", "b"};
  options.fields = {{"Origin", "http://page.example"}};
  // The first frame is in the packet of the handshake.
  CHECK(server.result(std::string{valid_response} + "\r\n\x81\x02hi", options) == "message: hi");
  for (const auto* line :
       {"GET /socket?a=b HTTP/1.1\r\n", "Host: 192.0.2.81\r\n", "Upgrade: websocket\r\n", "Connection: Upgrade\r\n",
        "Sec-WebSocket-Version: 13\r\n", "Sec-WebSocket-Protocol: a, b\r\n", "Origin: http://page.example\r\n",
        "Sec-WebSocket-Extensions: permessage-deflate;"}) {
    INFO(line);
    CHECK(server.request.find(line) != std::string::npos);
  }
}

TEST_CASE("websocket client: an invalid handshake response is rejected", "[http][websocket]") {
  scripted_server server;
  const std::string valid_text{valid_response};
  const std::string start = "HTTP/1.1 101 Switching Protocols\r\n";
  CHECK(server.result("HTTP/1.1 100 Continue\r\n\r\n" + valid_text + "\r\n\x81\x02hi") == "message: hi");
  CHECK(server.result("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n").find("did not switch") !=
        std::string::npos);
  CHECK(server.result(start + "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n")
            .find("Sec-WebSocket-Accept") != std::string::npos);
  CHECK(server.result(start + "Connection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n").find("Upgrade") !=
        std::string::npos);
  CHECK(server.result(valid_text + "Sec-WebSocket-Protocol: c\r\n\r\n").find("subprotocol") != std::string::npos);
  CHECK(server.result(valid_text + "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n").find("extension") !=
        std::string::npos);
  CHECK(server.result(valid_text + "Sec-WebSocket-Extensions: x-other\r\n\r\n").find("extension") != std::string::npos);
  CHECK_FALSE(server.result("").starts_with("message"));
}

TEST_CASE("websocket client: a masked frame of the server is a protocol error", "[http][websocket]") {
  scripted_server server;
  CHECK(server.result(std::string{valid_response} + "\r\n" + masked_text("hi")) == "closed: 1002");
}

}  // namespace
}  // namespace cohort
