// SPDX-License-Identifier: BSL-1.0
#include <charconv>

#include <boost/url/parse.hpp>
#include <catch2/catch_test_macros.hpp>

#include <cohort/http/client/fetch.hpp>
#include <cohort/http/server/content/event_stream.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>
#include <cohort/service/service.hpp>
#include <cohort/testing/catch2.hpp>
#include <cohort/testing/server.hpp>

using namespace cohort;
using namespace std::chrono_literals;

static task<http::response> greet_slowly() {
  co_await sleep_for(2s);
  co_return http::response{}.body("hello", "text/plain");
}

static std::uint64_t parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc{} && stop == end ? number : 0;
}

static task<> send_ticks(http::event_stream& events) {
  auto n = parse_number(events.last_event_id()) + 1;
  for (bool open = true; open; ++n) {
    http::server_event tick{.data = "tick " + std::to_string(n), .id = std::to_string(n)};
    const bool sent = co_await events.send(std::move(tick));
    open = sent && co_await events.pause(10min);
  }
}

static task<> echo(http::request_context&, http::websocket& socket) {
  for (;;) {
    const auto message = co_await socket.read();
    if (!message) co_return;
    const auto sent = co_await socket.send("you said " + message->data);
    if (!sent) co_return;
  }
}

static http::router greeter() {
  http::router routes;
  routes.get("/slow", [](http::request_context&) { return greet_slowly(); });
  routes.post("/greetings", [](http::request_context& context) {
    return http::response{http::status::created}.body("hello " + std::string{context.body()}, "text/plain");
  });
  routes.get("/ticks", [](http::request_context& context) { return event_stream_response(context, send_ticks); });
  routes.websocket("/echo", echo);
  return routes;
}

TEST_CASE("greeter: creates a greeting from a body of one or more chunks", "[testing][examples]") {
  testing::server server{greeter()};
  CHECK(server.post("/greetings", "ann", "text/plain")->body == "hello ann");
  const auto created = server.call({.method = http::method::post, .target = "/greetings", .body_chunks = {"a", "nn"}});
  REQUIRE(created);
  CHECK(created->status == http::status::created);
  CHECK(created->body == "hello ann");
  CHECK(server.del("/greetings")->status == http::status::method_not_allowed);
}

TEST_CASE("greeter: the slow greeting takes two seconds of virtual time", "[testing][examples]") {
  testing::server server{greeter()};
  const auto start = server.time().now();
  CHECK(server.get("/slow")->body == "hello");
  CHECK(server.time().now() - start >= 2s);
  CHECK(server.time().now() - start < 2100ms);
  CHECK(server.call({.target = "/slow", .timeout = 1s}).error() == http::client_error::response_timeout);
}

TEST_CASE("greeter: ticks continue after the last event that the client has received", "[testing][examples]") {
  testing::server server{greeter()};
  auto ticks = server.events("/ticks", "41");
  REQUIRE(ticks);
  CHECK(ticks->next_event()->data == "tick 42");
  CHECK(ticks->next_event(11min)->id == "43");
  CHECK(ticks->comment_count() > 0);
  auto restarted = server.events("/ticks", "3 x");
  REQUIRE(restarted);
  CHECK(restarted->next_event()->data == "tick 1");
}

TEST_CASE("greeter: the echo responds until the client closes the connection", "[testing][examples]") {
  testing::server server{greeter()};
  auto socket = server.websocket("/echo");
  REQUIRE(socket);
  CHECK(socket->send("hello"));
  CHECK(socket->read_text() == "you said hello");
  socket->close();
  CHECK(socket->close_code() == http::close_code::normal_closure);
}

static task<http::response> forward(http::client& client, std::string url, deadline request_deadline) {
  http::client_request request;
  request.url = boost::urls::parse_uri(url).value();
  const auto call_deadline = derive_deadline(request_deadline, loop::current().now(), 500ms, 10ms);
  auto call_task = http::fetch(client, std::move(request), call_deadline);
  const auto response = co_await std::move(call_task);
  if (!response) co_return http::error_response(http::status::bad_gateway, "The greeter is unavailable");
  co_return http::response{}.body(response->body, "text/plain");
}

static service::definition front() {
  service::definition definition;
  definition.name = definition.metric_prefix = "front";
  definition.port = 8080;
  definition.app = [](service::service_context& context, service::api_key_authenticator&) {
    http::router routes;
    routes.get("/", [&client = context.client](http::request_context& request) {
      return forward(client, "http://greeter/hello", request.deadline());
    });
    return routes;
  };
  return definition;
}

TEST_CASE("front: responds within its timeout while the greeter is partitioned", "[testing][examples]") {
  sim::fleet fleet{7};
  auto& backend = fleet.add_stub_server("greeter", 80, [] {
    http::router routes;
    routes.get("/hello", [](http::request_context&) { return http::response{}.body("hello", "text/plain"); });
    return routes;
  });
  auto& node = fleet.add_service(front, "front");
  testing::client client{fleet, node.url()};
  CHECK(client.get("/")->body == "hello");

  fleet.network().partition(node.host(), backend.host());
  const auto start = fleet.elapsed();
  CHECK(client.get("/")->status == http::status::bad_gateway);
  CHECK(fleet.elapsed() - start < 600ms);

  fleet.network().heal(node.host(), backend.host());
  CHECK(client.get("/")->body == "hello");
  fleet.shutdown();
  CHECK(fleet.leaks() == sim::no_leaks);
}
