// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/http/server/proxy/proxy_fixture.hpp"

// Tests of the responses, backpressure and failures of the reverse proxy.
namespace cohort {
namespace {

using namespace cohort::test;

// ---- responses

TEST_CASE("proxy: the chunks of a response are forwarded as they arrive", "[http][proxy]") {
  proxy_fixture fixture;
  auto client = fixture.server.connect();
  fixture.forwarded(client, get("/api/"));
  auto& upstream = fixture.upstream();
  upstream.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
  const auto head = client.read().value();
  CHECK(head.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(has_text(head, "Transfer-Encoding: chunked\r\n"));
  upstream.send("7\r\ndata: 1\r\n");
  CHECK(client.read().value() == "7\r\ndata: 1\r\n");
  upstream.send("0\r\nX-Sum: dropped\r\n\r\n");
  CHECK(client.read().value() == "0\r\n\r\n");
}

TEST_CASE("proxy: a response to HEAD, a 204 and a 304 have no body and keep the connection", "[http][proxy]") {
  proxy_fixture fixture;
  const auto [method, response, length] = GENERATE(table<std::string, std::string, std::optional<std::string>>({
      {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", "7"},
      {"HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", std::nullopt},
      {"GET", "HTTP/1.1 204 No Content\r\n\r\n", std::nullopt},
      {"GET", "HTTP/1.1 304 Not Modified\r\nETag: \"7\"\r\n\r\n", std::nullopt},
  }));
  auto client = fixture.server.connect();
  CHECK(fixture.forwarded(client, method + " /api/ HTTP/1.1\r\nHost: test\r\n\r\n").start_line ==
        method + " / HTTP/1.1");
  fixture.upstream().send(response);
  const auto received = client.receive(true);
  REQUIRE(received);
  CHECK(received->header("Content-Length") == length);
  fixture.forwarded(client, get("/api/again"));
  fixture.upstream().send(ok_response("again"));
  CHECK(client.receive()->body == "again");
  CHECK(fixture.connection_count() == 1);
}

TEST_CASE("proxy: a response that the upstream truncates is truncated for the client", "[http][proxy]") {
  proxy_fixture fixture;
  const auto [head, version] = GENERATE(table<std::string, std::string>({
      {"Content-Length: 9\r\n\r\nabc", "1.1"},
      {"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "1.1"},
      {"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "1.0"},
  }));
  auto client = fixture.server.connect();
  fixture.forwarded(client, "GET /api/ HTTP/" + version + "\r\nHost: test\r\n\r\n");
  fixture.upstream().send("HTTP/1.1 200 OK\r\n" + head);
  fixture.run_ready();
  fixture.upstream().close();
  const auto bytes = client.read_to_end();
  CHECK(has_text(bytes, "abc"));
  CHECK_FALSE(has_text(bytes, "0\r\n\r\n"));
  if (version == "1.0") CHECK(client.last_error() == asio::error::connection_reset);
}

TEST_CASE("proxy: a slow client exerts backpressure on the upstream", "[http][proxy]") {
  proxy_fixture fixture;
  auto client = fixture.server.connect();
  fixture.forwarded(client, get("/api/"));
  constexpr std::size_t chunk_count = 256;
  auto& upstream = fixture.upstream();
  upstream.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(chunk_count * 16 * 1024) + "\r\n\r\n");
  std::size_t written = 0;
  const spawned_task<> writer{fixture.server.time, write_chunks(upstream.stream(), chunk_count, written)};
  fixture.server.time.run_for(1s);
  // The limit is the size of the buffers of two connections (64 KiB each) and of the proxy itself.
  CHECK(written <= 192 * 1024);
  CHECK(client.receive()->body.size() == chunk_count * 16 * 1024);
  CHECK(writer.ended());
}

TEST_CASE("proxy: a slow upstream exerts backpressure on the client", "[http][proxy]") {
  proxy_fixture fixture;
  auto client = fixture.server.connect();
  constexpr std::size_t chunk_count = 32;
  client.send("PUT /api/ HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(chunk_count * 16 * 1024) +
              "\r\n\r\n");
  std::size_t written = 0;
  const spawned_task<> writer{fixture.server.time, write_chunks(client.stream(), chunk_count, written)};
  fixture.server.time.run_for(1s);
  CHECK(written <= 256 * 1024);
  CHECK(fixture.upstream().read_request().body.size() == chunk_count * 16 * 1024);
  fixture.upstream().send(ok_response("done"));
  CHECK(client.receive()->body == "done");
}

// ---- failures

TEST_CASE("proxy: a client that disconnects cancels the request to the upstream", "[http][proxy]") {
  proxy_fixture fixture;
  enum class stage { waiting, request_body, response_body };
  const auto when = GENERATE(stage::waiting, stage::request_body, stage::response_body);
  auto client = fixture.server.connect();
  client.send(when == stage::request_body ? "POST /api/ HTTP/1.1\r\nHost: test\r\nContent-Length: 6\r\n\r\nabc"
                                          : get("/api/"));
  auto& upstream = fixture.upstream();
  upstream.read_bytes();
  if (when == stage::response_body) {
    upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
    client.read();
  }
  client.stream().close();
  fixture.server.time.run_for(2s);
  CHECK(upstream.client_has_closed());
}

TEST_CASE("proxy: if the upstream fails before its response, the response is 502 and the client's connection is kept",
          "[http][proxy]") {
  proxy_fixture fixture;
  const auto bytes = GENERATE(as<std::string>{}, "", "HTTP/1.1 200 OK\r\nA: b", "nonsense\r\n\r\n",
                              "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                              "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n");
  auto client = fixture.server.connect();
  // The method is not idempotent, so the request is not retried.
  fixture.forwarded(client, post("/api/", "a"));
  fixture.upstream().send(bytes);
  fixture.upstream().close();
  const auto received = client.receive();
  CHECK(received->status == 502);
  CHECK_FALSE(has_text(received->body, "reached"));
  fixture.forwarded(client, get("/api/"));
  fixture.upstream().send(ok_response("ok"));
  CHECK(client.receive()->body == "ok");
}

TEST_CASE("proxy: the response is 502 after a refused connection, and 504 after a timeout", "[http][proxy]") {
  SECTION("refused connection") {
    proxy_fixture fixture;
    fixture.stop_listening();
    auto client = fixture.server.connect();
    client.send(get("/api/"));
    const auto received = client.receive();
    CHECK(received->status == 502);
    CHECK(has_text(received->body, "The upstream could not be reached"));
  }
  SECTION("timeout") {
    auto options = api_prefix_options();
    options.timeout = 300ms;
    proxy_fixture fixture{std::move(options)};
    auto client = fixture.server.connect();
    fixture.forwarded(client, get("/api/"));
    const auto start = fixture.server.time.now();
    CHECK(client.receive()->status == 504);
    CHECK(fixture.server.time.now() - start < 301ms);
    CHECK(fixture.upstream().client_has_closed());
  }
}

TEST_CASE("proxy: a call that ends at the deadline of its request has the cancellation cause `deadline` in its record",
          "[http][proxy][requests]") {
  const auto [request, has_timeout] = GENERATE(table<std::string, bool>({
      {get("/api/"), false},
      {get("/api/", "x-envoy-expected-rq-timeout-ms: 800\r\n"), false},
      {post("/api/", "whole"), false},
      {post("/api/", "whole", "x-envoy-expected-rq-timeout-ms: 800\r\n"), false},
      {"POST /api/ HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nwhole\r\n0\r\n\r\n", false},
      {"POST /api/ HTTP/1.1\r\nHost: test\r\nContent-Length: 100000\r\n"
       "x-envoy-expected-rq-timeout-ms: 800\r\n\r\npart",
       false},
      {post("/api/", "whole"), true},
  }));
  CAPTURE(request, has_timeout);
  auto options = api_prefix_options();
  if (has_timeout) options.timeout = 400ms;
  // The record of a failed request is kept after the request has ended.
  const telemetry::request_record* record = nullptr;
  options.on_request = [&](const http::request_context& context, http::client_request&) {
    record = context.timing().recording().get();
  };
  proxy_fixture fixture{std::move(options)};
  fixture.server.settings.limits.request_timeout = 2s;
  auto client = fixture.server.connect();
  client.send(request);
  fixture.server.time.run_for(10s);
  CHECK(client.receive()->status == 504);
  REQUIRE(record);
  REQUIRE(record->all_calls().size() == 1);
  CHECK(record->all_calls()[0].cancelled_by == telemetry::cancellation_cause::deadline);
  REQUIRE(record->all_attempts().size() == 1);
  CHECK(record->all_attempts()[0].cancelled_by == telemetry::cancellation_cause::deadline);
}

TEST_CASE("proxy: errors of upstream calls are mapped to 502, 503 and 504", "[http][proxy]") {
  using enum http::client_error;
  const auto [error, status] = GENERATE(table<http::client_error, int>({
      {breaker_open, 503},
      {bulkhead_full, 503},
      {rate_limited, 503},
      {no_file_descriptor, 503},
      {no_local_port, 503},
      {deadline_exceeded, 504},
      {connect_timeout, 504},
      {response_timeout, 504},
      {resolve_failed, 502},
      {connect_refused, 502},
      {tls_certificate_invalid, 502},
      {response_malformed, 502},
      {no_response, 502},
  }));
  CHECK(static_cast<int>(http::proxy_status(error)) == status);
}

TEST_CASE("proxy: while the upstream limits the request rate, requests are rejected with the remaining Retry-After",
          "[http][proxy]") {
  proxy_fixture fixture;
  auto client = fixture.server.connect();
  fixture.forwarded(client, get("/api/"));
  fixture.upstream().send("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 60\r\nContent-Length: 0\r\n\r\n");
  CHECK(client.receive()->status == 429);
  fixture.server.time.run_for(19'500ms);
  client.send(get("/api/"));
  const auto rejection = client.receive();
  CHECK(rejection->status == 503);
  CHECK(rejection->header("Retry-After") == "41");
}

TEST_CASE("proxy: a response body that pauses longer than the idle timeout is aborted", "[http][proxy]") {
  auto options = api_prefix_options();
  options.idle_timeout = 2s;
  proxy_fixture fixture{std::move(options)};
  auto client = fixture.server.connect();
  fixture.forwarded(client, get("/api/"));
  auto& upstream = fixture.upstream();
  upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
  fixture.server.time.run_for(1900ms);
  upstream.send("def");
  fixture.server.time.run_for(1900ms);
  CHECK_FALSE(upstream.client_has_closed());
  const auto bytes = client.read_to_end();
  CHECK(bytes.ends_with("abcdef"));
  CHECK(upstream.client_has_closed());
}

TEST_CASE("proxy: the deadline of the request can include the body of the response", "[http][proxy]") {
  auto options = api_prefix_options();
  options.deadline_includes_body = true;
  proxy_fixture fixture{std::move(options)};
  auto client = fixture.server.connect();
  fixture.forwarded(client, get("/api/", "X-Envoy-Expected-Rq-Timeout-Ms: 1000\r\n"));
  fixture.upstream().send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
  const auto start = fixture.server.time.now();
  CHECK(client.read_to_end().ends_with("abc"));
  CHECK(fixture.server.time.now() - start <= 1s);
}

TEST_CASE("proxy: a response above its limit is aborted", "[http][proxy]") {
  auto options = api_prefix_options();
  options.max_response_bytes = 4;
  proxy_fixture fixture{std::move(options)};
  auto client = fixture.server.connect();
  fixture.forwarded(client, get("/api/"));
  fixture.upstream().send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  fixture.run_ready();
  fixture.upstream().send("3\r\nabc\r\n");
  fixture.run_ready();
  fixture.upstream().send("3\r\ndef\r\n0\r\n\r\n");
  const auto bytes = client.read_to_end();
  CHECK(has_text(bytes, "abc"));
  CHECK_FALSE(has_text(bytes, "def"));
  CHECK_FALSE(bytes.ends_with("0\r\n\r\n"));
}

TEST_CASE("proxy: a request body that is invalid or too large is rejected with 400 or 413", "[http][proxy]") {
  proxy_fixture fixture;
  fixture.server.settings.limits.max_body_bytes = 8;
  const auto [rest, status] = GENERATE(table<std::string, int>({{"zz\r\n", 400}, {"9\r\n123456789\r\n", 413}}));
  auto client = fixture.server.connect();
  client.send("POST /api/ HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  auto& upstream = fixture.upstream();
  upstream.read_bytes();
  client.send(rest);
  CHECK(client.receive()->status == status);
  CHECK(upstream.client_has_closed());
}

TEST_CASE("proxy: a request without a body is retried, but not a request whose body has been read", "[http][proxy]") {
  proxy_fixture fixture;
  const bool has_body = GENERATE(true, false);
  auto client = fixture.server.connect();
  fixture.forwarded(client, has_body ? "PUT /api/ HTTP/1.1\r\nHost: test\r\nContent-Length: 1\r\n\r\na" : get("/api/"));
  fixture.upstream().send("HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  fixture.server.time.run_for(1s);
  if (!has_body) {
    fixture.upstream().read_request();
    fixture.upstream().send(ok_response("second"));
  }
  CHECK(client.receive()->status == (has_body ? 503 : 200));
}

TEST_CASE("proxy: TRACE and CONNECT are rejected, and not listed as allowed", "[http][proxy]") {
  proxy_fixture fixture;
  const auto* method = GENERATE("TRACE", "CONNECT");
  const auto response = fixture.server.response_to(method + std::string{" /api/ HTTP/1.1\r\nHost: test\r\n\r\n"});
  CHECK(response.status == 405);
  CHECK(response.header("Allow") == "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH");
  const auto options = fixture.server.response_to("OPTIONS * HTTP/1.1\r\nHost: test\r\n\r\n");
  CHECK(options.header("Allow") == "OPTIONS, GET, HEAD, POST, PUT, DELETE, PATCH");
  CHECK(fixture.connection_count() == 0);
}

TEST_CASE("proxy: the handler owns its upstream", "[http][proxy]") {
  server_fixture server;
  telemetry::log_sink sink;
  telemetry::registry metrics{1};
  http::client client{server.network(), 1};
  auto upstream = std::make_shared<http::upstream>(
      client, metrics, telemetry::logger{sink, "test", telemetry::log_level::off, telemetry::log_format::json}, "up");
  const std::weak_ptr<http::upstream> observed = upstream;
  auto handler = http::proxy_to(std::move(upstream), "http://up.test");
  CHECK_FALSE(observed.expired());
  handler = nullptr;
  CHECK(observed.expired());
}

TEST_CASE("proxy: invalid options are rejected", "[http][proxy]") {
  proxy_fixture fixture;
  fixture.server.start();
  telemetry::log_sink sink;
  telemetry::registry metrics{1};
  http::client client{fixture.server.network(), 1};
  const auto upstream = std::make_shared<http::upstream>(
      client, metrics, telemetry::logger{sink, "test", telemetry::log_level::off, telemetry::log_format::json}, "up");
  const auto base = GENERATE("ftp://up.test", "http://up.test/?a", "http://user@up.test", "up.test", "http://");
  CHECK_THROWS_AS(http::proxy_to(nullptr, "http://up.test"), std::invalid_argument);
  CHECK_THROWS_AS(http::proxy_to(upstream, base), std::invalid_argument);
  CHECK_THROWS_AS(http::proxy_to(upstream, "http://up.test", {.via = "a b"}), std::invalid_argument);
  CHECK_THROWS_AS(http::proxy_to(upstream, "http://up.test", {.strip_prefix = "api"}), std::invalid_argument);
  CHECK_THROWS_AS(http::proxy_to(upstream, "http://up.test", {.strip_prefix = "/api/"}), std::invalid_argument);
  CHECK_THROWS_AS(http::proxy_to(upstream, "http://up.test", {.strip_prefix = "/a\r\nb"}), std::invalid_argument);
}

}  // namespace
}  // namespace cohort
