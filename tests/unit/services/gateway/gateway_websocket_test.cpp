// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>

#include <cohort/http/client/websocket_connect.hpp>
#include "tests/unit/http/websocket/websocket_fixture.hpp"
#include "tests/unit/services/gateway/gateway_fixture.hpp"

namespace cohort {
namespace {

using namespace std::chrono_literals;

/// Connects with an API key, and returns the echo of a message, or the status of the response.
task<std::string> echo(http::client& transport, std::string url, std::string key) {
  http::websocket_connect_options options;
  options.fields.emplace_back("X-API-Key", std::move(key));
  const auto address = boost::urls::parse_uri(url).value();
  const call_context context{.deadline = deadline::after(loop::current().now(), 5s)};
  auto connect_task = http::websocket_connect(context, transport, boost::urls::url{address}, std::move(options));
  auto socket = co_await std::move(connect_task);
  if (!socket) co_return "status " + std::to_string(socket.error().status);
  auto sent = co_await socket->send("hello");
  if (!sent) co_return "not sent";
  auto answer = co_await socket->read(context);
  if (!answer) co_return "no answer";
  socket->close(http::close_code::normal_closure, "bye");
  auto close_task = socket->closed();
  co_await std::move(close_task);
  co_return answer->data;
}

TEST_CASE("gateway: a WebSocket passes through a route that authenticates its handshake", "[gateway][websocket]") {
  test::gateway_fixture stack{{"shadow"}};
  stack.fleet.add_stub_server("sockets", 80, [] {
    http::router routes;
    routes.websocket("/echo", test::echo_socket());
    return routes;
  });
  stack.start(R"({"upstreams": {"sockets": {"url": "http://sockets"}, "shadow": {"url": "http://shadow"}},
    "routes": [{"name": "r", "match": {"path": {"prefix": "/socket"}}, "strip_prefix": "/socket", "timeout_ms": 1000,
                "auth": {"api_key": {}}, "mirror": {"upstream": "shadow"}, "backends": [{"upstream": "sockets"}]}]})",
              {{"API_KEY", "0123456789abcdef"}});
  auto& transport = stack.fleet.client();
  const auto url = "ws" + stack.url("/socket/echo").substr(4);
  CHECK(stack.fleet.run(echo(transport, url, "0123456789abcdef")) == "hello");
  CHECK(stack.fleet.run(echo(transport, url, "wrong")) == "status 401");
  CHECK(stack.metric("gateway_service_route_requests_total{route=\"r\",upstream=\"sockets\",code=\"1xx\"}") == 1);
  stack.fleet.run_for(1s);
  CHECK(stack.upstream("shadow").requests.empty());
}

}  // namespace
}  // namespace cohort
