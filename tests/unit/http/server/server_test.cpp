// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/server.hpp>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cohort/http/middleware/security_headers.hpp>
#include "tests/unit/http/server/server_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

std::ptrdiff_t count_fields(const received_response& response, std::string_view name) {
  return std::count_if(response.headers.begin(), response.headers.end(),
                       [name](const auto& field) { return http::iequals(field.first, name); });
}

TEST_CASE("server: a response has its status, date, type and length, and the common header lines", "[http][server]") {
  server_fixture server;
  server.settings.common_header_lines = "X-Frame-Options: DENY\r\n";
  server.routes.get("/", text_handler("hello"));
  const auto response = server.response_to(get("/"));
  CHECK(response.start_line == "HTTP/1.1 200 OK");
  CHECK(response.header("Date") == "Mon, 01 Jun 2026 12:00:00 GMT");
  CHECK(response.header("Content-Type") == "text/plain");
  CHECK(response.header("Content-Length") == "5");
  CHECK(response.header("X-Frame-Options") == "DENY");
  CHECK_FALSE(response.header("Connection").has_value());
  CHECK(response.body == "hello");
}

TEST_CASE("server: a security header of a response replaces the common header", "[http][server]") {
  server_fixture server;
  const std::string common_lines = http::security_header_lines("default-src 'none'");
  server.settings.common_header_lines = common_lines + "X-Last: 1\r\n";
  const auto name = GENERATE("Content-Security-Policy", "X-Content-Type-Options", "x-frame-options", "REFERRER-POLICY",
                             "Permissions-Policy");
  CAPTURE(name);
  server.routes.get("/",
                    [name](http::request_context&) { return http::response{}.set("X-Own", "1").set(name, "own"); });
  server.routes.get("/other", [](http::request_context&) { return http::response{}.set("X-Own", "1"); });
  const auto response = server.response_to(get("/"));
  CHECK(response.header(name) == "own");
  CHECK(response.header("X-Own") == "1");
  CHECK(response.header("X-Last") == "1");
  for (const auto* other : {"Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy",
                            "Permissions-Policy"}) {
    CAPTURE(other);
    CHECK(count_fields(response, other) == 1);
  }
  CHECK(server.response_to(get("/other")).header("Content-Security-Policy") == "default-src 'none'");
}

TEST_CASE("server: Date follows the clock, even after the clock is set", "[http][server]") {
  server_fixture server;
  server.routes.get("/", text_handler(""));
  auto client = server.connect();
  const auto date = [&] {
    client.send(get("/"));
    return client.receive()->header("Date");
  };
  CHECK(date() == "Mon, 01 Jun 2026 12:00:00 GMT");
  server.time.run_for(999ms);
  CHECK(date() == "Mon, 01 Jun 2026 12:00:00 GMT");
  server.time.run_for(1ms);
  CHECK(date() == "Mon, 01 Jun 2026 12:00:01 GMT");
  server.time.step_wall_clock(-24h);
  CHECK(date() == "Sun, 31 May 2026 12:00:01 GMT");
}

TEST_CASE("server: a connection serves consecutive requests for every segmentation", "[http][server]") {
  server_fixture server{max_read_size(GENERATE(std::size_t{1} << 20, std::size_t{1}, std::size_t{7}))};
  server.routes.get("/", text_handler("hello"));
  server.routes.post("/echo", echo_handler);
  auto client = server.connect();
  for (int i = 0; i < 3; ++i) {
    client.send(get("/"));
    CHECK(client.receive()->body == "hello");
    client.send(post("/echo", "body " + std::to_string(i)));
    CHECK(client.receive()->body == "body " + std::to_string(i));
  }
  CHECK(server.metric_value("cohort_server_connections_total") == 1);
}

TEST_CASE("server: responses to pipelined requests are sent in order and in one write if no handler waits",
          "[http][server]") {
  server_fixture server;
  server.routes.get("/a", text_handler("first"));
  server.routes.get("/b", text_handler("second"));
  server.routes.post("/echo", echo_handler);
  auto client = server.connect();
  client.send(get("/a") + post("/echo", "posted") + get("/b"));
  const auto bytes = client.read();
  REQUIRE(bytes.has_value());
  const auto first = bytes->find("\r\n\r\nfirst");
  const auto posted = bytes->find("\r\n\r\nposted");
  const auto second = bytes->find("\r\n\r\nsecond");
  REQUIRE(second != std::string::npos);
  CHECK(first < posted);
  CHECK(posted < second);
}

TEST_CASE("server: responses to pipelined requests do not wait for later responses, and keep their order",
          "[http][server]") {
  server_fixture server;
  server.routes.get("/quick", text_handler("quick"));
  server.routes.get("/slow", delayed_handler(1s, "slow"));
  auto client = server.connect();
  client.send(get("/quick") + get("/slow") + get("/quick"));
  const auto start = server.time.now();
  CHECK(client.receive()->body == "quick");
  CHECK(server.time.now() == start);
  CHECK(client.receive()->body == "slow");
  CHECK(server.time.now() - start >= 1s);
  CHECK(client.receive()->body == "quick");
}

TEST_CASE("server: the response to HEAD equals the response to GET, without the body", "[http][server]") {
  server_fixture server;
  server.routes.get("/now", text_handler("hello"));
  server.routes.get("/later", delayed_handler(1s, "hello"));
  auto client = server.connect();
  const auto path = GENERATE(as<std::string>{}, "/now", "/later");
  client.send("HEAD " + path + " HTTP/1.1\r\nHost: test\r\n\r\n");
  const auto response = client.receive(true);
  CHECK(response->status == 200);
  CHECK(response->header("Content-Length") == "5");
  CHECK(client.unread_input().empty());
  client.send(get(path));
  CHECK(client.receive()->body == "hello");
}

TEST_CASE("server: 204 and 304 have neither body nor Content-Length", "[http][server]") {
  server_fixture server;
  const auto code = GENERATE(http::status::no_content, http::status::not_modified);
  server.routes.get("/", [code](request_context&) { return http::response{code}.body("x", "text/plain"); });
  auto client = server.connect();
  client.send(get("/") + get("/"));
  CHECK_FALSE(client.receive()->header("Content-Length").has_value());
  CHECK(client.receive()->start_line.starts_with("HTTP/1.1 " + std::to_string(static_cast<int>(code))));
  CHECK(client.unread_input().empty());
}

TEST_CASE("server: 404, 405 with Allow, and 501 keep the connection open", "[http][server]") {
  server_fixture server;
  server.routes.get("/a", text_handler("a"));
  server.routes.get("/things/{id}",
                    [](request_context& context) { return text_response(std::string{context.parameter("id")}); });
  auto client = server.connect();
  client.send("GET /b HTTP/1.1\r\nHost: test\r\n\r\n");
  CHECK(client.receive()->status == 404);
  client.send("DELETE /a HTTP/1.1\r\nHost: test\r\n\r\n");
  const auto error_response = client.receive();
  CHECK(error_response->status == 405);
  CHECK(error_response->header("Allow") == "GET, HEAD");
  client.send("get /a HTTP/1.1\r\nHost: test\r\n\r\n");
  CHECK(client.receive()->status == 501);
  client.send("BREW /a HTTP/1.1\r\nHost: test\r\n\r\n");
  CHECK(client.receive()->status == 501);
  client.send(get("http://other/things/a%20b?c"));
  CHECK(client.receive()->body == "a b");
}

TEST_CASE("server: an empty line before a request is ignored, for every segmentation", "[http][server]") {
  server_fixture server{max_read_size(GENERATE(std::size_t{1} << 20, std::size_t{1}))};
  server.routes.get("/", text_handler("hello"));
  auto client = server.connect();
  client.send("\r\n" + get("/") + "\r\n" + get("/"));
  CHECK(client.receive()->status == 200);
  CHECK(client.receive()->status == 200);
  client.send("\r\n");
  server.time.run_for(1s);
  client.send(get("/"));
  CHECK(client.receive()->status == 200);
}

TEST_CASE("server: an HTTP/1.0 connection is closed after the response unless the client requests keep-alive",
          "[http][server]") {
  server_fixture server;
  server.routes.get("/", text_handler("hello"));
  auto client = server.connect();
  client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  CHECK(client.receive()->header("Connection") == "keep-alive");
  client.send("GET / HTTP/1.0\r\n\r\n");
  const auto last_response = client.receive();
  CHECK(last_response->header("Connection") == "close");
  CHECK(last_response->body == "hello");
  CHECK(client.is_closed_cleanly());
}

TEST_CASE("server: after Connection: close, later pipelined requests are not processed", "[http][server]") {
  server_fixture server;
  int request_count = 0;
  server.routes.get("/", [&request_count](request_context&) {
    ++request_count;
    return text_response("hello");
  });
  auto client = server.connect();
  client.send(get("/", "Connection: close\r\n") + get("/"));
  CHECK(client.receive()->header("Connection") == "close");
  CHECK(client.is_closed_cleanly());
  CHECK(request_count == 1);
}

TEST_CASE("server: a handler can close the connection", "[http][server]") {
  server_fixture server;
  server.routes.get("/", [](request_context&) { return text_response("bye").close_connection(); });
  auto client = server.connect();
  client.send(get("/"));
  CHECK(client.receive()->header("Connection") == "close");
  CHECK(client.is_closed_cleanly());
}

TEST_CASE("server: a handler receives the complete body, with Content-Length or chunked, and no trailers",
          "[http][server]") {
  const auto read_size = GENERATE(std::size_t{1} << 20, std::size_t{1}, std::size_t{1000});
  server_fixture server{max_read_size(read_size)};
  server.routes.post("/echo", [](request_context& context) {
    CHECK(context.head().find("host") == "test");
    CHECK_FALSE(context.head().find("x-trailer").has_value());
    return echo_handler(context);
  });
  std::string large_header;
  const std::size_t size = read_size == 1 ? 5'000 : 40'000;
  for (int i = 0; large_header.size() < size; ++i) large_header += std::to_string(i) + ",";
  auto client = server.connect();
  client.send(post("/echo", large_header) + post("/echo", "") + get("/none"));
  CHECK(client.receive()->body == large_header);
  CHECK(client.receive()->body.empty());
  CHECK(client.receive()->status == 404);
  client.send(
      "POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\nhello\r\n1;x=\"y\"\r\n \r\n5\r\nworld\r\n0\r\nX-Trailer: forged\r\n\r\n" +
      get("/none"));
  CHECK(client.receive()->body == "hello world");
  CHECK(client.receive()->status == 404);
}

TEST_CASE("server: a large response is sent completely and in order", "[http][server]") {
  server_fixture server;
  const std::string large(300'000, 'x');
  server.routes.get("/large", text_handler(large));
  server.routes.get("/small", text_handler("small"));
  auto client = server.connect();
  client.send(get("/small") + get("/large") + get("/small"));
  CHECK(client.receive()->body == "small");
  CHECK(client.receive()->body == large);
  CHECK(client.receive()->body == "small");
}

TEST_CASE("server: 100 Continue is sent if the client expects it and has not sent the body yet", "[http][server]") {
  server_fixture server;
  server.routes.post("/echo", echo_handler);
  auto client = server.connect();
  const std::string head = "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\nExpect: 100-Continue\r\n\r\n";
  client.send(head);
  CHECK(client.receive()->status == 100);
  client.send("body");
  CHECK(client.receive()->body == "body");

  client.send(head + "body");  // the client does not wait for 100
  CHECK(client.receive()->status == 200);
}

TEST_CASE("server: 100 Continue is not sent for a rejected request", "[http][server]") {
  server_fixture server;
  server.routes.post("/echo", echo_handler);
  struct row {
    const char* name;
    std::string head;
    int status;
  };
  const auto test_case = GENERATE(values<row>({
      {"too large", "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 9999999\r\nExpect: 100-continue\r\n\r\n",
       413},
      {"no such path", "POST /none HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n", 404},
      {"wrong method", "PUT /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n", 405},
  }));
  CAPTURE(test_case.name);
  auto client = server.connect();
  client.send(test_case.head);
  const auto response = client.receive();
  CHECK(response->status == test_case.status);
  CHECK(response->header("Connection") == "close");
  CHECK(client.is_closed_cleanly());
}

TEST_CASE("server: Expect is ignored in HTTP/1.0", "[http][server]") {
  server_fixture server;
  server.routes.post("/echo", echo_handler);
  auto client = server.connect();
  client.send("POST /echo HTTP/1.0\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  client.send("body");
  CHECK(client.receive()->status == 200);
}

TEST_CASE("server: the connection is closed after a filter's response only if a long body is unread",
          "[http][server]") {
  server_fixture server;
  std::vector<std::string> endpoints;
  server.routes.post("/echo", echo_handler);
  server.routes.get("/health", text_handler("healthy")).probe();
  server.routes.use([&endpoints](request_context& context) -> std::optional<http::response> {
    endpoints.emplace_back(context.endpoint());
    if (context.head().find("x-api-key")) return std::nullopt;
    return http::error_response(http::status::unauthorized, "API key required");
  });
  auto client = server.connect();
  client.send(get("/none"));
  CHECK(client.receive()->status == 401);
  client.send(get("/health"));
  CHECK(client.receive()->status == 200);
  client.send(post("/echo", "body", "X-API-Key: x\r\n"));
  CHECK(client.receive()->body == "body");
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nbody");
  const auto rejected_response = client.receive();
  CHECK(rejected_response->status == 401);
  CHECK(rejected_response->header("Connection") == "close");
  CHECK(client.is_closed_cleanly());
  CHECK(endpoints == std::vector<std::string>{"unmatched", "/echo", "/echo"});
}

}  // namespace
}  // namespace cohort
