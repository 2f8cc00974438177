// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>

#include <cohort/http/server/content/event_stream.hpp>
#include "tests/unit/http/server/server_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;
using http::event_stream;

TEST_CASE("event stream: an event has its fields, and a data field for each line", "[http][sse]") {
  CHECK(http::format_event({.data = "one"}) == "event: message\ndata: one\n\n");
  CHECK(http::format_event({.data = "a\nb\r\nc\rd", .type = "tick", .id = "7", .retry = 1500ms}) ==
        "id: 7\nretry: 1500\nevent: tick\ndata: a\ndata: b\ndata: c\ndata: d\n\n");
  CHECK_THROWS_AS(http::format_event({.data = "", .type = "a\nb"}), std::invalid_argument);
  CHECK_THROWS_AS(http::format_event({.data = "", .id = "a\rb"}), std::invalid_argument);
  CHECK_THROWS_AS(http::format_event({.data = "", .id = std::string("a\0b", 3)}), std::invalid_argument);
}

task<> send_numbers(event_stream& events, int count) {
  int number = events.last_event_id().empty() ? 0 : std::stoi(events.last_event_id());
  for (int i = 0; i < count; ++i) {
    http::server_event event{.data = std::to_string(++number)};
    event.id = event.data;
    auto send_task = events.send(std::move(event));
    co_await std::move(send_task);
    auto pause_task = events.pause(40s);
    const bool is_open = co_await std::move(pause_task);
    if (!is_open) co_return;
  }
}

auto counting_handler(int count) {
  return [count](request_context& context) {
    return http::event_stream_response(context, [count](event_stream& events) { return send_numbers(events, count); });
  };
}

TEST_CASE("event stream: the handler resumes after Last-Event-ID, and heartbeats are sent during pauses",
          "[http][sse]") {
  server_fixture server;
  server.routes.get("/events", counting_handler(2));
  const auto response = server.response_to(get("/events", "Last-Event-ID: 41\r\n"));
  CHECK(response.header("Content-Type") == "text/event-stream");
  CHECK(response.header("Cache-Control") == "no-store");
  CHECK(response.body ==
        "id: 42\nevent: message\ndata: 42\n\n:\n\n:\n\nid: 43\nevent: message\ndata: 43\n\n:\n\n:\n\n");
}

task<> send_two_events(event_stream& events) {
  auto send_task = events.send_formatted(http::format_event({.data = "1"}) + http::format_event({.data = "2"}));
  co_await std::move(send_task);
}

TEST_CASE("event stream: formatted events are sent unchanged", "[http][sse]") {
  server_fixture server;
  server.routes.get("/events",
                    [](request_context& context) { return http::event_stream_response(context, send_two_events); });
  CHECK(server.response_to(get("/events")).body == "event: message\ndata: 1\n\nevent: message\ndata: 2\n\n");
}

TEST_CASE("event stream: a drain ends the stream after a complete event", "[http][sse]") {
  server_fixture server;
  server.routes.get("/events", counting_handler(100));
  auto client = server.connect();
  client.send(get("/events"));
  server.time.run_for(1s);
  server.begin_drain(10s);
  const auto response = client.receive();
  CHECK(response->body == "id: 1\nevent: message\ndata: 1\n\n");
  CHECK(client.is_closed_cleanly());
}

task<> forward(event_stream& events, std::shared_ptr<broadcast<std::string>> source) {
  auto subscription = source->subscribe();
  for (;;) {
    auto wait_task = events.next<std::string>(subscription);
    const auto value = co_await std::move(wait_task);
    if (!value) co_return;
    http::server_event event{.data = *value};
    auto send_task = events.send(std::move(event));
    co_await std::move(send_task);
  }
}

TEST_CASE("event stream: values of a broadcast are sent until the broadcast is closed", "[http][sse]") {
  server_fixture server;
  const auto source = std::make_shared<broadcast<std::string>>(10);
  server.routes.get("/events", [source](request_context& context) {
    return http::event_stream_response(context, [source](event_stream& events) { return forward(events, source); });
  });
  auto client = server.connect();
  client.send(get("/events"));
  server.time.run_for(20s);
  source->publish("one");
  server.time.run_for(1s);
  source->publish("two");
  source->close();
  CHECK(client.receive()->body == ":\n\nevent: message\ndata: one\n\nevent: message\ndata: two\n\n");
}

}  // namespace
}  // namespace cohort
