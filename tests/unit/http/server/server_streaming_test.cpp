// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <stdexcept>

#include <cohort/http/server/content/body_writer.hpp>
#include <cohort/http/server/server.hpp>
#include "tests/unit/http/server/server_fixture.hpp"
#include "tests/unit/telemetry/captured_log.hpp"

// Tests of streamed response bodies.
namespace cohort {
namespace {

using namespace cohort::test;

task<> write_three_parts(body_writer& writer) {
  for (const auto* part : {"one,", "two,", "three"}) {
    co_await writer.write(part);
    co_await writer.pause(1s);
  }
}

/// Sends one event per second until the server drains or the client disconnects.
task<> write_ticks(body_writer& writer, log_lines* events) {
  for (int i = 0; !writer.draining(); ++i) {
    if (!co_await writer.write(http::sse_event("tick", std::to_string(i)))) break;
    if (co_await writer.pause(1s) == wait_status::cancelled) {
      events->push_back("cancelled");
      co_return;
    }
  }
  events->push_back(writer.draining() ? "drained" : "write failed");
  writer.mark_complete();
}

http::response three_parts(request_context&) { return http::response{}.stream(write_three_parts, "text/plain"); }

auto ticks_handler(log_lines& events) {
  return [&events](request_context&) {
    return http::response{}.stream([&events](body_writer& writer) { return write_ticks(writer, &events); },
                                   "text/event-stream");
  };
}

TEST_CASE("server: a streamed body is sent in chunks while it is written, and the connection is kept",
          "[http][server]") {
  server_fixture server;
  server.routes.get("/parts", three_parts);
  auto client = server.connect();
  client.send(get("/parts"));
  const auto start = server.time.now();
  const auto head = client.read();
  REQUIRE(head.has_value());
  CHECK(head->find("Transfer-Encoding: chunked\r\n") != std::string::npos);
  CHECK(head->find("Content-Length") == std::string::npos);
  CHECK(client.read() == std::string{"4\r\none,\r\n"});
  CHECK(server.time.now() == start);
  CHECK(client.read() == std::string{"4\r\ntwo,\r\n"});
  CHECK(server.time.now() - start >= 1s);

  client.send(get("/parts"));
  CHECK(client.read() == std::string{"5\r\nthree\r\n"});
  CHECK(client.read() == std::string{"0\r\n\r\n"});
  CHECK(client.receive()->body == "one,two,three");
}

TEST_CASE("server: for HTTP/1.0 a streamed body ends with the connection", "[http][server]") {
  server_fixture server;
  server.routes.get("/parts", three_parts);
  auto client = server.connect();
  client.send("GET /parts HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const auto response = client.receive();
  CHECK_FALSE(response->header("Transfer-Encoding").has_value());
  CHECK(response->header("Connection") == "close");
  CHECK(response->body == "one,two,three");
  CHECK(client.last_error() == asio::error::eof);
}

TEST_CASE("server: HEAD does not start the producer of a streamed body", "[http][server]") {
  log_lines events;
  server_fixture server;
  server.routes.get("/events", ticks_handler(events));
  auto client = server.connect();
  client.send("HEAD /events HTTP/1.1\r\nHost: test\r\n\r\n");
  const auto response = client.receive(true);
  CHECK(response->header("Content-Type") == "text/event-stream");
  CHECK_FALSE(response->header("Content-Length").has_value());
  CHECK(events.empty());
  client.send("HEAD /events HTTP/1.1\r\nHost: test\r\n\r\n");
  CHECK(client.receive(true)->status == 200);
}

TEST_CASE("server: an event stream is not limited by the request timeout and ends when the client disconnects",
          "[http][server]") {
  log_lines events;
  server_fixture server;
  server.routes.get("/events", ticks_handler(events));
  auto client = server.connect();
  client.send(get("/events"));
  CHECK(client.read().has_value());
  for (int i = 0; i < 10; ++i) CHECK(client.read() == "15\r\nevent: tick\ndata: " + std::to_string(i) + "\n\n\r\n");
  server.time.run_for(120s);
  CHECK(events.empty());

  client.stream().close();
  server.time.run_for(20ms);
  CHECK(events.size() == 1);
  CHECK(server.metric_value("cohort_server_connections") == 0);
}

TEST_CASE("server: a stream ends when the client does not read for the write timeout", "[http][server]") {
  net::memory_pipe_settings settings;
  settings.capacity = 400;
  log_lines events;
  server_fixture server{settings};
  server.routes.get("/events", ticks_handler(events));
  auto client = server.connect();
  client.send(get("/events"));
  server.time.run_for(60s);
  CHECK(events == log_lines{"write failed"});
  CHECK(server.metric_value("cohort_server_connections") == 0);
}

task<> write_and_throw(body_writer& writer) {
  co_await writer.write("half");
  throw std::runtime_error("secret");
}

TEST_CASE("server: the last chunk is not sent if the producer throws", "[http][server]") {
  server_fixture server;
  server.routes.get("/", [](request_context&) { return http::response{}.stream(write_and_throw, "text/plain"); });
  auto client = server.connect();
  client.send(get("/"));
  const auto received_bytes = client.read_to_end();
  CHECK(received_bytes.ends_with("\r\n\r\n4\r\nhalf\r\n"));
  CHECK(received_bytes.find("secret") == std::string::npos);
}

TEST_CASE("server: a producer ends its stream when the server drains", "[http][server]") {
  log_lines events;
  server_fixture server;
  server.routes.get("/events", ticks_handler(events));
  auto client = server.connect();
  client.send(get("/events"));
  server.time.run_for(1500ms);
  server.begin_drain(10s);
  const auto received_bytes = client.read_to_end();
  CHECK(received_bytes.ends_with("0\r\n\r\n"));
  CHECK(events == log_lines{"drained"});
  client.stream().close();
  server.time.run_for(2s);
  CHECK(server.is_drained());
}

// ---- truncated bodies

/// Writes one chunk per second, and returns normally when the server drains.
task<> write_until_drain(body_writer& writer) {
  while (!writer.draining()) {
    co_await writer.write("part,");
    co_await writer.pause(1s);
  }
}
/// Like `write_until_drain`, but does not call `draining`.
task<> write_until_notified(body_writer& writer) {
  do {
    co_await writer.write("part,");
  } while (co_await writer.pause(1s) != wait_status::notified);
}
task<> write_all_during_drain(body_writer& writer) {
  for (int i = 0; i < 3; ++i) {
    co_await writer.write("part,");
    co_await writer.pause(1s);
  }
  CHECK(writer.draining());
}

TEST_CASE("server: the last chunk is not sent if the producer stops because the server drains",
          "[http][server][case-6.3]") {
  const auto producer = GENERATE(write_until_drain, write_until_notified);
  captured_log log;
  {
    server_fixture server;
    server.log_to(log.sink());
    server.routes.get("/", [producer](request_context&) { return http::response{}.stream(producer, "text/plain"); });
    auto client = server.connect();
    client.send(get("/"));
    server.time.run_for(1500ms);
    server.begin_drain(10s);
    CHECK(client.read_to_end().ends_with("5\r\npart,\r\n"));
  }
  CHECK(log.close_and_count("the producer stopped because the server is draining") == 1);
}

TEST_CASE("server: a body that reaches its content length is complete, also during a drain",
          "[http][server][case-6.3]") {
  server_fixture server;
  server.routes.get("/",
                    [](request_context&) { return http::response{}.stream(write_all_during_drain, "text/plain", 15); });
  auto client = server.connect();
  client.send(get("/"));
  server.time.run_for(500ms);
  server.begin_drain(10s);
  CHECK(client.receive()->body == "part,part,part,");
  CHECK(client.is_closed_cleanly());
}

TEST_CASE("server: a body that is cancelled at the end of the drain has no last chunk", "[http][server][case-6.3]") {
  const auto endless_producer = [](body_writer& writer) -> task<> {
    for (bool ok = true; ok;) {
      ok = co_await writer.write("part,");
      co_await sleep_for(1s);
    }
  };
  server_fixture server;
  server.routes.get("/", [&](request_context&) { return http::response{}.stream(endless_producer, "text/plain"); });
  auto client = server.connect();
  client.send(get("/"));
  server.time.run_for(1500ms);
  server.begin_drain(2s);
  CHECK(client.read_to_end().ends_with("5\r\npart,\r\n"));
}

TEST_CASE("server: for HTTP/1.0 an aborted body ends with a reset", "[http][server][case-6.3]") {
  const auto write_and_abort = [](body_writer& writer) -> task<> {
    co_await writer.write("part");
    writer.abort();
  };
  server_fixture server;
  server.routes.get("/throws", [](request_context&) { return http::response{}.stream(write_and_throw, "text/plain"); });
  server.routes.get("/aborts",
                    [&](request_context&) { return http::response{}.stream(write_and_abort, "text/plain"); });
  for (const auto* path : {"/throws", "/aborts"}) {
    auto client = server.connect();
    client.send("GET " + std::string{path} + " HTTP/1.0\r\n\r\n");
    client.read_to_end();
    CHECK(client.last_error() == asio::error::connection_reset);
  }
}

}  // namespace
}  // namespace cohort
