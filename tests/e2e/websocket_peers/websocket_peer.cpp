// SPDX-License-Identifier: BSL-1.0
// Cohort's client and server for the interoperability tests and the measurements:
//   websocket-peer [flags of a service]   a server: /echo, and /broadcast (sends each message to all clients)
//   websocket-peer call URL               a client: sends messages to an echo server and checks the responses
//   websocket-peer idle URL COUNT         opens COUNT WebSockets and prints "ready". For each line of its input, sends
//                                         the given number of messages, which all WebSockets must receive
//   websocket-peer raw                    the lower bound of a broadcast, for `idle`: see raw_broadcast.hpp
#include <iostream>
#include <string>
#include <vector>

#include <boost/url/parse.hpp>

#include <cohort/http/client/websocket_connect.hpp>
#include <cohort/net/system/system_network.hpp>
#include <cohort/runtime/concurrency/broadcast.hpp>
#include <cohort/runtime/concurrency/race.hpp>
#include <cohort/service/service.hpp>
#include "tests/e2e/websocket_peers/raw_broadcast.hpp"

using namespace cohort;
using namespace std::chrono_literals;

namespace {

using messages = broadcast<http::prepared_message>;

task<> echo(http::websocket& socket) {
  for (;;) {
    auto message = co_await socket.read();
    if (!message) co_return;
    const bool is_text = message->type == http::websocket_message::kind::text;
    auto send_task = is_text ? socket.send(std::move(message->data)) : socket.send_binary(std::move(message->data));
    auto sent = co_await std::move(send_task);
    if (!sent) co_return;
  }
}

task<> publish(http::websocket& socket, std::shared_ptr<messages> all) {
  for (;;) {
    auto message = co_await socket.read();
    if (!message) co_return;
    all->publish(http::prepared_message{message->data});
  }
}

task<> forward(http::websocket& socket, messages::subscription source) {
  for (;;) {
    auto message = co_await source.next();
    if (!message || !socket.try_send(**message)) co_return;
  }
}

task<> publish_and_forward(http::websocket& socket, std::shared_ptr<messages> all) {
  auto both = race(publish(socket, all), forward(socket, all->subscribe()));
  co_await std::move(both);
}

service::definition server() {
  service::definition peer;
  peer.name = "websocket-peer";
  peer.metric_prefix = "websocket_peer";
  peer.description = "Echo server for tests";
  peer.app = [](service::service_context&, service::api_key_authenticator&) {
    http::router routes;
    http::websocket_options options;
    options.handshake.subprotocols = {"echo"};
    options.connection.max_message_bytes = 4U << 20U;
    routes.websocket("/echo", [](http::request_context&, http::websocket& socket) { return echo(socket); }, options);
    const auto all = std::make_shared<messages>(1000);
    routes.websocket("/broadcast", [all](http::request_context&, http::websocket& socket) {
      return publish_and_forward(socket, all);
    });
    return routes;
  };
  return peer;
}

call_context within(duration span) { return {.deadline = deadline::after(loop::current().now(), span)}; }

/// Returns an error text, which is empty if all responses are correct.
task<std::string> check_echo(http::client& transport, boost::urls::url url, bool is_compressed) {
  http::websocket_connect_options options;
  options.subprotocols = {"echo"};
  options.compression = is_compressed;
  options.connection.max_message_bytes = 4U << 20U;
  auto connect_task = http::websocket_connect(within(10s), transport, std::move(url), std::move(options));
  auto socket = co_await std::move(connect_task);
  if (!socket) co_return "not connected: " + socket.error().message;
  if (socket->subprotocol() != "echo") co_return "subprotocol " + socket->subprotocol();
  for (const std::size_t size : {0U, 1U, 125U, 126U, 65'535U, 65'536U, 1'000'000U}) {
    std::string text(size, 'x');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i % 19 * i % 23);
    auto send_task = size % 2 == 0 ? socket->send(text) : socket->send_binary(text);
    auto sent = co_await std::move(send_task);
    if (!sent) co_return "not sent";
    auto reply = co_await socket->read(within(10s));
    if (!reply) co_return "no response of " + std::to_string(size) + " bytes: " + socket->close_reason();
    if (reply->data != text) co_return "unexpected response of " + std::to_string(size) + " bytes";
  }
  socket->close(4321, "done");
  auto close_task = socket->closed();
  co_await std::move(close_task);
  co_return socket->close_code() == 4321 ? "" : "close code " + std::to_string(socket->close_code());
}

task<std::string> call(net::network& network, boost::urls::url url) {
  http::client transport{network, 1};
  for (const bool is_compressed : {false, true}) {
    auto check_task = check_echo(transport, url, is_compressed);
    const auto failure = co_await std::move(check_task);
    if (!failure.empty()) co_return failure;
  }
  co_return "";
}

task<std::string> hold(net::network& network, boost::urls::url url, std::size_t count) {
  http::client transport{network, 1};
  std::vector<http::websocket> sockets;
  sockets.reserve(count);
  http::websocket_connect_options options;
  options.connection.ping_interval = duration::max();
  for (std::size_t i = 0; i < count; ++i) {
    auto connect_task = http::websocket_connect(within(10s), transport, url, options);
    auto socket = co_await std::move(connect_task);
    if (!socket) co_return "connection " + std::to_string(i) + ": " + socket.error().message;
    sockets.push_back(std::move(*socket));
  }
  std::cout << "ready" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    const std::size_t rounds = std::stoul(line);
    for (std::size_t round = 0; round < rounds; ++round) {
      auto sent = co_await sockets.front().send(std::string(100, 'm'));
      if (!sent) co_return "not sent";
      for (auto& socket : sockets) {
        auto message = co_await socket.read(within(30s));
        if (!message) co_return "a subscriber received no message";
      }
    }
    std::cout << "sent" << std::endl;
  }
  co_return "";
}

int run_client(int argc, char** argv) {
  loop event_loop;
  net::system_network network;
  std::string failure = "usage: websocket-peer call URL | idle URL COUNT";
  task<std::string> work;
  if (std::string_view{argv[1]} == "call" && argc == 3) {
    work = call(network, boost::urls::parse_uri(argv[2]).value());
  } else if (std::string_view{argv[1]} == "idle" && argc == 4) {
    work = hold(network, boost::urls::parse_uri(argv[2]).value(), std::stoul(argv[3]));
  } else {
    std::cerr << failure << "\n";
    return 2;
  }
  asio::co_spawn(event_loop.get_executor(), std::move(work),
                 [&](const std::exception_ptr& exception, std::string result) {
                   failure = exception ? "exception" : std::move(result);
                   event_loop.stop();
                 });
  event_loop.run();
  if (!failure.empty()) std::cerr << failure << "\n";
  return failure.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view mode = argc > 1 ? argv[1] : "";
  if (mode == "raw") serve_raw_broadcast();
  if (mode == "call" || mode == "idle") return run_client(argc, argv);
  return service::run(argc, argv, server());
}
