// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cohort/http/server/server.hpp>
#include <cohort/runtime/concurrency/when_all.hpp>
#include "tests/unit/http/server/server_fixture.hpp"

// Tests of the timeouts of a server, exact to a tick of the virtual clock.
namespace cohort {
namespace {

using namespace cohort::test;

/// Returns whether the durations are equal, apart from the timers' resolution.
bool is_approximately(duration elapsed, duration expected) {
  return elapsed >= expected && elapsed <= expected + 3 * tick;
}

net::memory_pipe_settings pipe_capacity(std::size_t bytes) {
  net::memory_pipe_settings settings;
  settings.capacity = bytes;
  return settings;
}

TEST_CASE("server: an idle connection is closed without a response after the idle timeout",
          "[http][server][case-5.8]") {
  server_fixture server;
  server.routes.get("/", text_handler("hello"));
  auto client = server.connect();
  SECTION("without any request") {}
  SECTION("after a request") {
    server.time.run_for(74s);
    client.send(get("/"));
    CHECK(client.receive()->status == 200);
  }
  const auto start = server.time.now();
  CHECK(client.read_to_end().empty());
  CHECK(client.last_error() == asio::error::eof);
  CHECK(is_approximately(server.time.now() - start, 75s));
}

/// Sends one byte at a time.
task<> send_slowly(net::stream& stream, std::string bytes, duration pause) {
  for (const char byte : bytes) {
    auto write = write_once(stream, std::string(1, byte));
    const auto sent = co_await std::move(write);
    if (!sent) co_return;
    co_await sleep_for(pause);
  }
}

TEST_CASE("server: a header section that is incomplete 10 s after its first byte is rejected with 408",
          "[http][server]") {
  server_fixture server;
  server.routes.get("/", text_handler("hello"));
  auto client = server.connect();
  server.time.run_for(30s);
  const auto start = server.time.now();
  spawned_task<> sender{server.time, send_slowly(client.stream(), "GET / HTTP/1.1\r\nX: " + std::string(100, 'x'), 1s)};
  const auto response = client.receive();
  REQUIRE(response.has_value());
  CHECK(is_approximately(server.time.now() - start, 10s));
  CHECK(response->status == 408);
  CHECK(response->header("Connection") == "close");
  CHECK(client.is_closed_cleanly());
  client.stream().close();
  server.time.run_for(5s);
  CHECK(server.metric_value("cohort_server_connections") == 0);
}

TEST_CASE("server: the 408 response to an incomplete header section has no data of the previous request",
          "[http][server]") {
  server_fixture server;
  server.routes.put("/thing", text_handler("put"));
  auto client = server.connect();
  client.send("PUT /thing HTTP/1.1\r\nHost: test\r\n\r\n");
  CHECK(client.receive()->status == 200);
  // This header section is long enough to replace the buffer to which views of the previous request refer.
  client.send("GET / HTTP/1.1\r\nX: " + std::string(9000, 'x'));
  const auto start = server.time.now();
  CHECK(client.receive()->status == 408);
  CHECK(is_approximately(server.time.now() - start, 10s));
  CHECK(server.request_count("unmatched", "_OTHER", 408) == 1);
  CHECK_FALSE(server.request_count("unmatched", "PUT", 408).has_value());
}

TEST_CASE("server: a slow body is rejected with 408 after the body timeout, which depends on its length",
          "[http][server]") {
  server_fixture server;
  server.routes.post("/echo", echo_handler);
  server.settings.limits.min_bytes_per_second = 1000;
  auto client = server.connect();
  const auto start = server.time.now();
  SECTION("a short body: 10 s") {
    client.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 99\r\n\r\n");
    spawned_task<> sender{server.time, send_slowly(client.stream(), std::string(50, 'x'), 900ms)};
    CHECK(client.receive()->status == 408);
    CHECK(is_approximately(server.time.now() - start, 10s));
    CHECK(client.is_closed_cleanly());
    client.stream().close();
    server.time.run_for(60s);
  }
  SECTION("a long body: 30 s") {
    client.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 20000\r\n\r\n");
    CHECK(client.receive()->status == 408);
    CHECK(is_approximately(server.time.now() - start, 30s));
  }
}

task<http::response> run_three_children(log_lines* events) {
  std::vector<task<int>> children;
  for (const auto* name : {"a", "b", "c"}) children.push_back(log_sleep(1h, *events, name));
  co_await when_all(std::move(children));
  co_await sleep_for(1s);
  co_return text_response("never");
}

TEST_CASE("server: at its deadline, a handler is cancelled with its children; 504 is sent, and the connection is kept",
          "[http][server]") {
  log_lines events;
  server_fixture server;
  server.routes.get("/slow", [&events](request_context&) { return run_three_children(&events); });
  server.routes.get("/", text_handler("hello"));
  server.routes.get("/short", [&events](request_context&) { return run_three_children(&events); }).timeout(2s);
  auto client = server.connect();
  const auto start = server.time.now();
  const bool has_own_timeout = GENERATE(false, true);
  client.send(get(has_own_timeout ? "/short" : "/slow"));
  const auto response = client.receive();
  CHECK(is_approximately(server.time.now() - start, has_own_timeout ? duration{2s} : duration{30s}));
  CHECK(response->status == 504);
  CHECK_FALSE(response->header("Connection").has_value());
  CHECK(response->body == R"({"error":"Gateway Timeout","message":"The deadline of the request passed"})");
  CHECK(events == log_lines{"a cancelled", "b cancelled", "c cancelled"});
  CHECK(server.metric_value("cohort_server_deadline_exceeded_total") == 1);
  client.send(get("/"));
  CHECK(client.receive()->status == 200);
}

TEST_CASE("server: the timeout of a route replaces the server's timeout, and the client's deadline caps both",
          "[http][server]") {
  server_fixture server;
  const auto respond_with_remaining = [](request_context& context) {
    return text_response(std::to_string(remaining(context.deadline()) / 1ms));
  };
  server.routes.get("/", respond_with_remaining);
  server.routes.get("/less", respond_with_remaining).timeout(2s);
  server.routes.get("/more", respond_with_remaining).timeout(2h);
  CHECK(server.response_to(get("/")).body == "30000");
  CHECK(server.response_to(get("/less")).body == "2000");
  CHECK(server.response_to(get("/more")).body == "7200000");
  CHECK(server.response_to(get("/more", "x-envoy-expected-rq-timeout-ms: 700\r\n")).body == "700");
  CHECK(server.response_to(get("/", "x-envoy-expected-rq-timeout-ms: 700\r\n")).body == "700");
  CHECK(server.response_to(get("/", "x-envoy-expected-rq-timeout-ms: 999999\r\n")).body == "30000");
  CHECK(server.response_to(get("/", "grpc-timeout: 700m\r\n")).body == "700");
  CHECK(server.response_to(get("/", "grpc-timeout: 2S\r\nx-envoy-expected-rq-timeout-ms: 700\r\n")).body == "700");
  CHECK(server.response_to(get("/", "grpc-timeout: 1S\r\nx-envoy-expected-rq-timeout-ms: 2700\r\n")).body == "1000");
  CHECK(server.metric_value("cohort_server_absurd_deadlines_total") == 0);
}

TEST_CASE("server: an invalid deadline header is ignored and counted; a second, valid header is used",
          "[http][server]") {
  server_fixture server;
  server.routes.get(
      "/", [](request_context& context) { return text_response(std::to_string(remaining(context.deadline()) / 1ms)); });
  const auto [fields, remaining_ms] = GENERATE(table<std::string, std::string>({
      {"x-envoy-expected-rq-timeout-ms: soon\r\n", "30000"},
      {"x-envoy-expected-rq-timeout-ms: 0\r\n", "30000"},
      {"x-envoy-expected-rq-timeout-ms: -5\r\n", "30000"},
      {"x-envoy-expected-rq-timeout-ms: 9223372036854775808\r\n", "30000"},
      {"x-envoy-expected-rq-timeout-ms:\r\n", "30000"},
      {"grpc-timeout: 5 fortnights\r\n", "30000"},
      {"grpc-timeout: 0n\r\nx-envoy-expected-rq-timeout-ms: 700\r\n", "700"},
      {"grpc-timeout: 1S\r\nx-envoy-expected-rq-timeout-ms: -1\r\n", "1000"},
  }));
  CAPTURE(fields);
  CHECK(server.response_to(get("/", fields)).body == remaining_ms);
  CHECK(server.metric_value("cohort_server_absurd_deadlines_total") == 1);
}

task<http::response> respond_when_cancelled(std::string text) {
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await sleep_for(1h);
  co_return text_response(std::move(text));
}

TEST_CASE("server: the response of a handler that was cancelled at its deadline is sent", "[http][server]") {
  server_fixture server;
  server.routes.get("/", [](request_context&) { return respond_when_cancelled("partial"); });
  const auto start = server.time.now();
  CHECK(server.response_to(get("/")).body == "partial");
  CHECK(is_approximately(server.time.now() - start, 30s));
}

task<http::response> ignore_cancelled_wait(bool waits_again) {
  co_await sleep_for(1h);
  if (waits_again) co_await sleep_for(1ms);
  co_return text_response("late");
}

TEST_CASE("server: a handler that ignores a cancelled wait responds at its deadline, and with 504 if it waits again",
          "[http][server]") {
  const bool waits_again = GENERATE(false, true);
  server_fixture server;
  server.routes.get("/", [waits_again](request_context&) { return ignore_cancelled_wait(waits_again); });
  const auto start = server.time.now();
  const auto response = server.response_to(get("/"));
  CHECK(is_approximately(server.time.now() - start, 30s));
  CHECK(response.status == (waits_again ? 504 : 200));
  CHECK((response.body == "late") == !waits_again);
  CHECK(server.metric_value("cohort_server_deadline_exceeded_total") == 1);
}

TEST_CASE("server: when the client disconnects, the handler is cancelled within 20 ms and counted as abandoned",
          "[http][server]") {
  log_lines events;
  server_fixture server;
  server.routes.get("/slow", recording_handler(10s, events));
  auto client = server.connect();
  client.send(get("/slow"));
  SECTION("before the detection delay") {}
  SECTION("after 3 s") { server.time.run_for(3s); }
  SECTION("with a reset") { net::reset_memory_stream(client.stream()); }
  client.stream().close();
  server.time.run_for(20ms);
  CHECK(events == log_lines{"cancelled"});
  CHECK(server.metric_value("cohort_server_connections") == 0);
  CHECK(server.metric_value("cohort_server_requests_in_flight") == 0);
  CHECK(server.metric_value("cohort_server_requests_abandoned_total") == 1);
  CHECK(server.request_count("/slow", "GET", 499) == 1);
  CHECK(server.request_count("/slow", "GET", 504) == 0);
}

task<http::response> respond_despite_cancellation(log_lines* events) {
  co_await ignore_cancellation(40s, 0, *events);
  co_return text_response("too late");
}

TEST_CASE("server: a disconnect followed by the deadline is counted as a disconnect", "[http][server]") {
  log_lines events;
  server_fixture server;
  server.routes.get("/slow", [&events](request_context&) { return respond_despite_cancellation(&events); });
  auto client = server.connect();
  client.send(get("/slow"));
  server.time.run_for(1s);
  client.stream().close();
  server.time.run_for(60s);
  CHECK(events == log_lines{"ended despite cancellation"});
  CHECK(server.request_count("/slow", "GET", 499) == 1);
  CHECK(server.metric_value("cohort_server_deadline_exceeded_total") == 0);
}

TEST_CASE("server: a pipelined request during a handler is not mistaken for a disconnect", "[http][server]") {
  log_lines events;
  server_fixture server;
  server.routes.get("/slow", recording_handler(1s, events));
  auto client = server.connect();
  client.send(get("/slow"));
  server.time.run_for(500ms);
  client.send(get("/slow"));
  CHECK(client.receive()->status == 200);
  CHECK(client.receive()->status == 200);
  CHECK(events == log_lines{"completed", "completed"});
}

TEST_CASE("server: a client that does not read is disconnected after the write timeout, which depends on the length",
          "[http][server]") {
  server_fixture server{pipe_capacity(1000)};
  const std::size_t length = GENERATE(std::size_t{10'000}, std::size_t{160'000});
  server.routes.get("/large", text_handler(std::string(length, 'x')));
  auto client = server.connect();
  client.send(get("/large"));
  const auto timeout = length == 10'000 ? 10s : 19s;
  server.time.run_for(timeout - 1ms);
  CHECK(server.metric_value("cohort_server_connections") == 1);
  server.time.run_for(2ms);
  CHECK(server.metric_value("cohort_server_connections") == 0);
  CHECK(client.read_to_end().size() == 1000);
}

TEST_CASE(
    "server: after a rejection the body is discarded for a second, so that the client receives the response before a reset",
    "[http][server]") {
  server_fixture server;
  server.routes.post("/echo", echo_handler);
  auto client = server.connect();
  client.send("POST /none HTTP/1.1\r\nHost: test\r\nContent-Length: 100000\r\n\r\n");
  CHECK(client.receive()->status == 404);
  CHECK(client.is_closed_cleanly());
  CHECK(client.send(std::string(50'000, 'x')) == 50'000U);
  server.time.run_for(900ms);
  CHECK(client.send("x") == 1U);
  server.time.run_for(200ms);
  CHECK(client.send("x").error() == asio::error::broken_pipe);
}

}  // namespace
}  // namespace cohort
