// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cohort/http/server/server.hpp>
#include "tests/unit/http/server/server_fixture.hpp"

// Tests of graceful shutdown.
namespace cohort {
namespace {

using namespace cohort::test;

TEST_CASE("server: a drain closes idle connections and leaves no timer armed", "[http][server]") {
  server_fixture server;
  server.routes.get("/", text_handler("hello"));
  auto idle_client = server.connect();
  idle_client.send(get("/"));
  CHECK(idle_client.receive()->status == 200);
  auto unused_client = server.connect();
  server.drain(10s);
  CHECK(idle_client.is_closed_cleanly());
  CHECK(unused_client.is_closed_cleanly());
  CHECK(server.connect_error() == asio::error::connection_refused);
  CHECK(server.metric_value("cohort_server_connections") == 0);
  CHECK(server.time.event_loop().timers().armed_count() == 0);
}

TEST_CASE("server: after a drain is announced, each response closes its connection, and new connections are accepted",
          "[http][server]") {
  server_fixture server;
  server.routes.get("/", text_handler("hello"));
  auto client = server.connect();
  client.send(get("/"));
  CHECK(client.receive()->header("Connection") == std::nullopt);
  auto idle_client = server.connect();
  server.announce_drain();
  client.send(get("/"));
  CHECK(client.receive()->header("Connection") == "close");
  CHECK(client.is_closed_cleanly());
  // All pipelined requests receive a response.
  auto pipelining_client = server.connect();
  pipelining_client.send(get("/") + get("/"));
  const auto first = pipelining_client.receive();
  CHECK(first->header("Connection") == std::nullopt);
  CHECK(pipelining_client.receive()->header("Connection") == "close");
  // Idle connections stay open.
  server.time.run_for(5s);
  idle_client.send(get("/"));
  CHECK(idle_client.receive()->body == "hello");
}

TEST_CASE("server: a drain waits for a request in flight, and then closes its connection", "[http][server]") {
  server_fixture server;
  server.routes.get("/slow", delayed_handler(3s));
  auto client = server.connect();
  client.send(get("/slow"));
  server.time.run_for(1s);
  server.begin_drain(10s);
  const auto response = client.receive();
  CHECK(response->body == "delayed");
  CHECK(response->header("Connection") == "close");
  CHECK_FALSE(server.is_drained());
  CHECK(client.is_closed_cleanly());
  client.stream().close();
  server.time.run_for(10ms);
  CHECK(server.is_drained());
  CHECK(server.time.event_loop().timers().armed_count() == 0);
}

TEST_CASE("server: a drain completes a request that has partially arrived", "[http][server]") {
  server_fixture server;
  server.routes.get("/", text_handler("hello"));
  auto client = server.connect();
  client.send("GET / HTTP/1.1\r\n");
  server.begin_drain(10s);
  server.time.run_for(1s);
  client.send("Host: test\r\n\r\n");
  const auto response = client.receive();
  CHECK(response->body == "hello");
  CHECK(response->header("Connection") == "close");
}

TEST_CASE("server: a drain cancels a handler at its timeout, and then ends", "[http][server]") {
  log_lines events;
  server_fixture server;
  server.routes.get("/stuck", recording_handler(1h, events));
  server.settings.limits.request_timeout = 2h;
  auto client = server.connect();
  client.send(get("/stuck"));
  const auto start = server.time.now();
  server.drain(5s);
  CHECK(events == log_lines{"cancelled"});
  CHECK(server.time.now() - start >= 5s);
  CHECK(server.time.now() - start < 6s);
  CHECK(client.read_to_end().empty());
  CHECK(server.metric_value("cohort_server_connections") == 0);
  CHECK(server.metric_value("cohort_server_requests_in_flight") == 0);
  CHECK(server.time.event_loop().timers().armed_count() == 0);
}

TEST_CASE("server: a missing body does not delay a drain beyond its timeout", "[http][server]") {
  server_fixture server;
  server.routes.post("/echo", echo_handler);
  auto client = server.connect();
  client.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\n");
  const auto start = server.time.now();
  server.drain(2s);
  CHECK(server.time.now() - start < 3s);
  CHECK(server.metric_value("cohort_server_connections") == 0);
}

TEST_CASE("server: connections that arrive at the start of a drain are served", "[http][server]") {
  server_fixture server;
  server.routes.get("/", text_handler("hello"));
  server.start();
  server.begin_drain(10s);
  auto late_client = server.connect();
  late_client.send(get("/"));
  CHECK(late_client.receive()->body == "hello");
  server.time.run_for(100ms);
  CHECK(server.connect_error() == asio::error::connection_refused);
}

TEST_CASE("server: a drain completes at the connection limit", "[http][server]") {
  server_fixture server;
  server.settings.limits.max_connections = 1;
  server.routes.get("/", text_handler("hello"));
  auto client = server.connect();
  server.time.run_for(1s);
  const auto start = server.time.now();
  server.drain(10s);
  CHECK(server.time.now() - start < 1s);
  CHECK(client.is_closed_cleanly());
}

}  // namespace
}  // namespace cohort
