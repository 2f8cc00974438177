// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cohort/http/server/content/body_writer.hpp>
#include <cohort/http/server/server.hpp>
#include <cohort/json/parser.hpp>
#include "tests/unit/http/server/server_fixture.hpp"

// Tests of conformance to RFC 9110 and RFC 9112, as a client observes it on a connection.
namespace cohort {
namespace {

using namespace cohort::test;

struct conformance_fixture : server_fixture {
  explicit conformance_fixture(net::memory_pipe_settings pipe_settings = {}) : server_fixture(pipe_settings) {
    routes.get("/health", [this](request_context&) {
      ++request_count;
      return text_response("healthy");
    });
    routes.post("/echo", [this](request_context& context) {
      ++request_count;
      return echo_handler(context);
    });
  }
  /// Requests that a handler has received.
  int request_count = 0;
};

TEST_CASE("server: after `close` in Connection no further request is processed", "[http][server][case-1.1]") {
  const auto request = GENERATE(as<std::string>{}, "GET /health HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n",
                                "GET /health HTTP/1.0\r\nConnection: close, keep-alive\r\n\r\n",
                                "GET /health HTTP/1.0\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n",
                                "GET /health HTTP/1.0\r\nConnection: close\r\nProxy-Connection: keep-alive\r\n\r\n",
                                "GET /health HTTP/1.0\r\nProxy-Connection: keep-alive\r\n\r\n",
                                "GET /health HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, close\r\n\r\n");
  CAPTURE(request);
  conformance_fixture server;
  auto client = server.connect();
  client.send(request + "GET /health HTTP/1.0\r\n\r\n");
  const auto response = client.receive();
  CHECK(response->status == 200);
  CHECK(response->header("Connection") == "close");
  CHECK(client.is_closed_cleanly());
  CHECK(server.request_count == 1);
}

TEST_CASE("server: a malformed chunked body is rejected immediately, and the bytes after it are not processed",
          "[http][server][case-1.4]") {
  const auto body = GENERATE(as<std::string>{}, "0;a=\"\r\n\r\n", "Z\r\n", "\r\n\r\n", "Z", "\n", "0\n", "1;a=\"\n",
                             "1\r\nab", "0\r\nX\r\n");
  CAPTURE(body);
  conformance_fixture server{max_read_size(GENERATE(std::size_t{1} << 20, std::size_t{1}))};
  auto client = server.connect();
  const auto start = server.time.now();
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + body + get("/health"));
  const auto response = client.receive();
  CHECK(response->status == 400);
  CHECK(server.time.now() == start);
  CHECK(client.is_closed_cleanly());
  CHECK(server.request_count == 0);
}

TEST_CASE("server: an unsupported expectation is rejected with 417 immediately, without the body",
          "[http][server][case-1.5]") {
  const auto expect = GENERATE(as<std::string>{}, "100-continue, x", "x", "x, 100-continue", "100-continue;a=b");
  CAPTURE(expect);
  conformance_fixture server;
  auto client = server.connect();
  const auto start = server.time.now();
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: " + expect + "\r\n\r\n");
  CHECK(client.receive()->status == 417);
  CHECK(server.time.now() == start);
  CHECK(client.is_closed_cleanly());
}

TEST_CASE("server: 100 Continue is sent for a list that has only 100-continue", "[http][server][case-1.5]") {
  const auto fields = GENERATE(as<std::string>{}, "Expect: 100-continue, 100-Continue\r\n", "Expect: ,100-continue\r\n",
                               "Expect: 100-continue\r\nExpect: 100-continue\r\n");
  conformance_fixture server;
  auto client = server.connect();
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n" + fields + "\r\n");
  CHECK(client.receive()->status == 100);
  client.send("hello");
  CHECK(client.receive()->body == "hello");
}

TEST_CASE("server: the response to a rejected HEAD request has no content", "[http][server][case-1.6]") {
  const auto [request, status] = GENERATE(table<std::string, int>({
      {"HEAD /health HTTP/1.1\r\nHost: a\r\nX: " + std::string(17'000, 'x') + "\r\n\r\n", 431},
      {"HEAD /" + std::string(9'000, 'x'), 414},
      {"HEAD / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"HEAD /health HTTP/1.1\nHost: a\n\n", 400},
      {"HEAD /health HTTP/1.1\r\nHost: a\r\n", 408},
      {"HEAD /hea", 408},
      {"HEAD", 408},
      {"\r\nHEAD /health HTTP/1.1\r\nX y\r\n\r\n", 400},
      {"HEAD /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"HEAD /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
      {"HEAD /health HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n", 413},
      {"HEAD * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"HEAD /health HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n", 417},
  }));
  CAPTURE(request.substr(0, 100));
  conformance_fixture server;
  auto client = server.connect();
  client.send(request);
  const auto response = client.receive(true);
  REQUIRE(response.has_value());
  CHECK(response->status == status);
  CHECK(client.unread_input().empty());
  CHECK(client.read_to_end().empty());
}

TEST_CASE("server: chunk extensions of 10 KB in each chunk are rejected", "[http][server][case-1.7]") {
  conformance_fixture server;
  auto client = server.connect();
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  const auto chunk = "1;a=" + std::string(10'000, 'b') + "\r\nx\r\n";
  std::size_t sent_chunk_count = 0;
  while (sent_chunk_count < 100 && client.send(chunk)) ++sent_chunk_count;
  CHECK(client.receive()->status == 413);
  CHECK(server.request_count == 0);
}

TEST_CASE("server: trailers have no effect on the connection or the next request", "[http][server][case-1.8]") {
  const auto trailer = GENERATE(as<std::string>{}, "Connection: close", "connection: x, Close", "Host: b", "Expect: x",
                                "Proxy-Connection: close", "X-Request-Id: forged", "Content-Length: 3",
                                "Transfer-Encoding: gzip", "Upgrade: websocket\r\nConnection: Upgrade");
  CAPTURE(trailer);
  conformance_fixture server;
  auto client = server.connect();
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n" + trailer +
              "\r\n\r\n" + get("/health"));
  CHECK(client.receive()->body == "a");
  CHECK(client.receive()->body == "healthy");
  CHECK(server.request_count == 2);
}

/// Returns the values of a field in all log lines.
std::vector<std::string> log_values(const std::vector<std::string>& lines, const char* name) {
  std::vector<std::string> values;
  for (const auto& line : lines) {
    simdjson::dom::parser parser;
    simdjson::dom::element value;
    if (parser.parse(line)[name].get(value) == simdjson::SUCCESS) values.emplace_back(simdjson::minify(value));
  }
  return values;
}

TEST_CASE("server: an invalid field that a handler sets is not sent, and is logged once for each route",
          "[http][server][case-1.9]") {
  captured_log log;
  {
    server_fixture server;
    server.log_to(log.sink());
    const auto handler = [](request_context&) { return text_response("a").set("X-Bad", "a\x0B").set("X-Good", "b"); };
    server.routes.get("/a", handler);
    server.routes.get("/b", handler);
    for (const auto* path : {"/a", "/a", "/b", "/a"}) {
      const auto response = server.response_to(get(path));
      CHECK(response.status == 200);
      CHECK_FALSE(response.header("X-Bad").has_value());
      CHECK(response.header("X-Good") == "b");
    }
  }
  const auto lines = log.close();
  CHECK(log_values(lines, "field") == std::vector<std::string>{"\"X-Bad\"", "\"X-Bad\""});
}

TEST_CASE("server: HTTP/1.2 is processed as HTTP/1.1", "[http][server][case-1.12]") {
  conformance_fixture server;
  auto client = server.connect();
  client.send("GET /health HTTP/1.2\r\nHost: a\r\n\r\nPOST /echo HTTP/1.9\r\nHost: a\r\nContent-Length: 2\r\n\r\nok");
  const auto response = client.receive();
  CHECK(response->start_line == "HTTP/1.1 200 OK");
  CHECK_FALSE(response->header("Connection").has_value());
  CHECK(client.receive()->body == "ok");
}

TEST_CASE("server: the response to OPTIONS * is 204 with Allow", "[http][server][case-1.12]") {
  const auto target = GENERATE(as<std::string>{}, "*", "http://a", "http://a:80");
  conformance_fixture server;
  auto client = server.connect();
  client.send("OPTIONS " + target + " HTTP/1.1\r\nHost: a\r\n\r\n" + get("/health"));
  const auto response = client.receive();
  CHECK(response->status == 204);
  CHECK(response->header("Allow") == "OPTIONS, GET, HEAD, POST");
  CHECK(client.receive()->status == 200);
}

TEST_CASE("server: the log line of a rejected request has the recognized part of the request line",
          "[http][server][case-1.14]") {
  const auto [request, method, path] = GENERATE(table<std::string, std::string, std::string>({
      {"GET /a?secret=1 HTTP/1.1\r\nHost: a\r\nX y\r\n\r\n", "\"GET\"", "\"/a\""},
      {"GET /a HTTP/1.1\r\n\r\n", "\"GET\"", "\"/a\""},
      {"PUT /a HTTP/2.0\r\nHost: a\r\n\r\n", "\"PUT\"", "\"/a\""},
      {"GET /a\n\n", "\"GET\"", "\"/a\""},
      {"DELETE /%zz HTTP/1.1\r\nHost: a\r\n\r\n", "\"DELETE\"", "\"/%zz\""},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nZ", "\"POST\"", "\"/echo\""},
      {"GET /a HTTP/1.1\r\nX: " + std::string(17'000, 'x'), "\"GET\"", "\"/a\""},
      {"G(T /a HTTP/1.1\r\n\r\n", "\"\"", "\"\""},
  }));
  CAPTURE(request.substr(0, 60));
  captured_log log;
  {
    conformance_fixture server;
    server.log_to(log.sink());
    server.response_to(request);
  }
  const auto lines = log.close();
  REQUIRE(lines.size() == 1);
  CHECK(log_values(lines, "msg") == std::vector<std::string>{"\"request rejected\""});
  CHECK(log_values(lines, "method") == std::vector{method});
  CHECK(log_values(lines, "path") == std::vector{path});
}

// ---- lingering close

/// Reads `step` bytes every second, and sends a byte each time. Returns the bytes that were read.
std::string read_slowly(server_fixture& server, peer& client, std::size_t step) {
  std::string received_bytes;
  for (;;) {
    server.time.run_for(1s);
    client.send("x");
    auto bytes = server.time.run(read_once(client.stream(), step));
    if (!bytes) return bytes.error() == asio::error::eof ? received_bytes : "reset";
    received_bytes += *bytes;
  }
}

TEST_CASE("server: a slow client that keeps sending receives the entire response before the close",
          "[http][server][case-1.11]") {
  const auto request = GENERATE(
      as<std::string>{}, "GET /large HTTP/1.0\r\n\r\nx", "GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nx",
      "GET /closing HTTP/1.1\r\nHost: a\r\n\r\nx", "GET /stream HTTP/1.0\r\n\r\nx", "GET /length HTTP/1.0\r\n\r\nx",
      "GET /stream HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nx");
  CAPTURE(request);
  conformance_fixture server;
  const std::string large(300'000, 'y');
  const auto write_large_body = [&large](body_writer& writer) -> task<> { co_await writer.write(large); };
  server.routes.get("/large", text_handler(large));
  server.routes.get("/closing", [&large](request_context&) { return text_response(large).close_connection(); });
  server.routes.get("/stream",
                    [&](request_context&) { return http::response{}.stream(write_large_body, "text/plain"); });
  server.routes.get("/length", [&](request_context&) {
    return http::response{}.stream(write_large_body, "text/plain", large.size());
  });
  auto client = server.connect();
  client.send(request);
  const auto received = read_slowly(server, client, 50'000);
  CHECK(std::count(received.begin(), received.end(), 'y') >= 300'000);
}

TEST_CASE("server: the response to a rejected request that is followed by more bytes is sent before the close",
          "[http][server][case-1.11]") {
  const auto request =
      GENERATE(as<std::string>{}, "GET /a\n", "POST /none HTTP/1.1\r\nHost: a\r\nContent-Length: 99999\r\n\r\n",
               "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n",
               "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nZ");
  CAPTURE(request);
  conformance_fixture server;
  auto client = server.connect();
  client.send(request + std::string(50'000, 'x'));
  server.time.run_for(500ms);
  CHECK(client.send(std::string(10'000, 'x')) == 10'000U);
  CHECK(client.receive()->status >= 400);
  CHECK(client.is_closed_cleanly());
}

TEST_CASE("server: a lingering close ends when the client closes, at the latest after its timeout",
          "[http][server][case-1.11]") {
  conformance_fixture server;
  auto client = server.connect();
  client.send("GET /health HTTP/1.0\r\n\r\n");
  CHECK(client.receive()->status == 200);
  CHECK(client.is_closed_cleanly());
  SECTION("the client closes") {
    client.stream().close();
    server.time.run_for(1ms);
    CHECK(server.metric_value("cohort_server_connections") == 0);
  }
  SECTION("the client keeps the connection") {
    server.time.run_for(900ms);
    CHECK(server.metric_value("cohort_server_connections") == 1);
    server.time.run_for(200ms);
    CHECK(server.metric_value("cohort_server_connections") == 0);
  }
}

// ---- streams with a content length

TEST_CASE("server: a stream with a length is framed by Content-Length, and keeps the connection",
          "[http][server][case-6.2]") {
  const auto write = [](body_writer& writer) -> task<> {
    co_await writer.write("hello ");
    co_await writer.write("world");
  };
  server_fixture server;
  server.routes.get("/", [&](request_context&) {
    return http::response{}.stream(write, "text/plain", 11).set("Content-Length", "99").set("Transfer-Encoding", "x");
  });
  auto client = server.connect();
  for (const auto* request :
       {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"}) {
    client.send(request);
    const auto response = client.receive();
    CHECK(response->header("Content-Length") == "11");
    CHECK_FALSE(response->header("Transfer-Encoding").has_value());
    CHECK(response->body == "hello world");
  }
  client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(client.receive(true)->header("Content-Length") == "11");
  client.send(get("/"));
  CHECK(client.receive()->body == "hello world");
}

TEST_CASE("server: a stream whose size differs from its content length is aborted, and the cause is logged",
          "[http][server][case-6.2]") {
  const auto length = GENERATE(std::uint64_t{4}, std::uint64_t{6});
  captured_log log;
  {
    server_fixture server;
    server.log_to(log.sink());
    const auto write = [](body_writer& writer) -> task<> {
      co_await writer.write("abc");
      co_await writer.write("de");
    };
    server.routes.get("/", [&](request_context&) { return http::response{}.stream(write, "text/plain", length); });
    auto client = server.connect();
    client.send(get("/"));
    const auto received_bytes = client.read_to_end();
    CHECK(received_bytes.ends_with(length == 4 ? "\r\n\r\nabc" : "\r\n\r\nabcde"));
  }
  const auto lines = log.close();
  CHECK(log_values(lines, "what") == std::vector<std::string>{"\"the body does not have its content length\""});
}

TEST_CASE("body writer: an aborted body is not completed", "[http][server]") {
  const auto write = [](body_writer& writer) -> task<> {
    co_await writer.write("abc");
    writer.abort();
    CHECK_FALSE(co_await writer.write("de"));
  };
  server_fixture server;
  server.routes.get("/", [&](request_context&) { return http::response{}.stream(write, "text/plain"); });
  auto client = server.connect();
  client.send(get("/"));
  CHECK(client.read_to_end().ends_with("\r\n\r\n3\r\nabc\r\n"));
}

TEST_CASE("server: reading a path parameter that the route does not have causes a 500", "[http][server][case-6.6]") {
  server_fixture server;
  server.routes.get("/things/{id}",
                    [](request_context& context) { return text_response(std::string{context.parameter("typo")}); });
  CHECK(server.response_to(get("/things/7")).status == 500);
}

}  // namespace
}  // namespace cohort
