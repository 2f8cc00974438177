// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <stdexcept>

#include <cohort/http/server/server.hpp>
#include <cohort/json/parser.hpp>
#include "tests/unit/http/server/server_fixture.hpp"

// Tests of handlers that throw exceptions, and of the log lines of requests.
namespace cohort {
namespace {

using namespace cohort::test;

task<http::response> throw_after_delay(std::string message) {
  co_await sleep_for(1s);
  throw std::runtime_error(message);
}

TEST_CASE("server: an exception of a handler causes a 500 without its message; the connection is kept",
          "[http][server]") {
  server_fixture server;
  server.routes.get("/now", [](request_context&) -> http::response { throw std::runtime_error("secret"); });
  server.routes.get("/late", [](request_context&) { return throw_after_delay("secret"); });
  server.routes.get("/odd", [](request_context&) -> http::response { throw 7; });
  server.routes.get("/", text_handler("hello"));
  auto client = server.connect();
  for (const auto* path : {"/now", "/late", "/odd"}) {
    CAPTURE(path);
    client.send(get(path));
    const auto response = client.receive();
    CHECK(response->status == 500);
    CHECK(response->body == R"({"error":"Internal Server Error","message":"An internal error occurred"})");
    CHECK_FALSE(response->header("Connection").has_value());
    CHECK(server.request_count(path, "GET", 500) == 1);
  }
  client.send(get("/"));
  CHECK(client.receive()->body == "hello");
}

TEST_CASE("server: an exception of a filter causes a 500", "[http][server]") {
  server_fixture server;
  server.routes.get("/", text_handler("hello"));
  server.routes.use([](request_context&) -> std::optional<http::response> { throw std::runtime_error("secret"); });
  CHECK(server.response_to(get("/")).status == 500);
}

/// Returns the log lines of these requests, each on a new connection.
std::vector<std::string> log_lines_of(const std::vector<std::string>& request_count) {
  captured_log log;
  {
    server_fixture server;
    server.log_to(log.sink());
    server.routes.get("/", text_handler("hello"));
    server.routes.get("/slow", delayed_handler(1500ms));
    server.routes.get("/things/{id}",
                      [](request_context& context) { return text_response(std::string{context.id()}); });
    server.routes.get("/broken", [](request_context&) -> http::response { throw std::runtime_error("secret"); });
    server.routes.get("/health", text_handler("healthy")).probe();
    for (const auto& request : request_count) server.response_to(request);
  }
  return log.close();
}

std::string log_field(const std::string& line, const char* name) {
  simdjson::dom::parser parser;
  simdjson::dom::element value;
  if (parser.parse(line)[name].get(value) != simdjson::SUCCESS) return "absent";
  return simdjson::minify(value);
}

TEST_CASE("server: the log line of a request has its ID, request line, result and remaining time, without the query",
          "[http][server]") {
  const auto lines = log_lines_of({get("/slow?secret=1", "X-Request-Id: abc-1.2_Z\r\n")});
  REQUIRE(lines.size() == 1);
  CHECK(log_field(lines[0], "level") == "\"info\"");
  CHECK(log_field(lines[0], "msg") == "\"request\"");
  CHECK(log_field(lines[0], "id") == "\"abc-1.2_Z\"");
  CHECK(log_field(lines[0], "method") == "\"GET\"");
  CHECK(log_field(lines[0], "path") == "\"/slow\"");
  CHECK(log_field(lines[0], "route") == "\"/slow\"");
  CHECK(log_field(lines[0], "status") == "200");
  CHECK(log_field(lines[0], "peer") == "\"192.0.2.1\"");
  CHECK(std::stod(log_field(lines[0], "duration_ms")) >= 1500);
  CHECK(std::stod(log_field(lines[0], "remaining_ms")) <= 28500);
  CHECK(std::stod(log_field(lines[0], "remaining_ms")) > 28499);
}

TEST_CASE("server: a request with an invalid X-Request-Id is assigned a new, unique ID", "[http][server]") {
  const auto invalid_field = GENERATE(as<std::string>{}, "", "X-Request-Id: a b\r\n", "X-Request-Id: \"},{\r\n",
                                      "X-Request-Id:\r\n", "X-Request-Id: " + std::string(129, 'a') + "\r\n");
  const auto lines = log_lines_of({get("/", invalid_field), get("/", invalid_field)});
  REQUIRE(lines.size() == 2);
  const auto first = log_field(lines[0], "id");
  CHECK(first.size() == 18);
  CHECK(first.find_first_not_of("\"0123456789abcdef") == std::string::npos);
  CHECK(log_field(lines[1], "id") != first);
}

TEST_CASE("server: a log line has the route's pattern; probes are logged at level debug", "[http][server]") {
  const auto lines = log_lines_of({get("/none"), get("/things/7"), get("/health")});
  REQUIRE(lines.size() == 3);
  CHECK(log_field(lines[0], "route") == "\"unmatched\"");
  CHECK(log_field(lines[0], "status") == "404");
  CHECK(log_field(lines[1], "path") == "\"/things/7\"");
  CHECK(log_field(lines[1], "route") == "\"/things/{id}\"");
  CHECK(log_field(lines[2], "level") == "\"debug\"");
}

TEST_CASE("server: the message of a handler's exception is logged with the IDs of its request", "[http][server]") {
  const auto lines = log_lines_of({get("/broken", "X-Request-Id: failing-1\r\n")});
  REQUIRE(lines.size() == 2);
  CHECK(log_field(lines[0], "level") == "\"error\"");
  CHECK(log_field(lines[0], "what") == "\"secret\"");
  CHECK(log_field(lines[0], "path") == "\"/broken\"");
  CHECK(log_field(lines[0], "id") == "\"failing-1\"");
  CHECK(log_field(lines[0], "trace_id").size() == 34);
  CHECK(log_field(lines[0], "trace_id") == log_field(lines[1], "trace_id"));
  CHECK(log_field(lines[1], "status") == "500");
}

TEST_CASE("server: the total size of bodies is limited, and released when a connection is closed", "[http][server]") {
  server_fixture server;
  server.settings.limits.max_total_body_bytes = 1000;
  server.routes.post("/echo", echo_handler);
  auto half = server.connect();
  half.send(post("/echo", std::string(900, 'x')).substr(0, 800));
  server.time.run_for(1ms);
  CHECK(server.response_to(post("/echo", std::string(500, 'y'))).status == 503);
  half.stream().close();
  server.time.run_for(1s);
  CHECK(server.response_to(post("/echo", std::string(1000, 'y'))).status == 200);
  CHECK(server.response_to(post("/echo", std::string(1000, 'y'))).status == 200);
}

TEST_CASE("server: the response to a rejected HEAD request has no body", "[http][server]") {
  server_fixture server;
  server.routes.get("/", text_handler("hello"));
  auto client = server.connect();
  client.send("HEAD / HTTP/1.1\r\n\r\n");
  const auto response = client.receive(true);
  CHECK(response->status == 400);
  CHECK_FALSE(client.receive(true).has_value());
}

TEST_CASE("server: responses to requests that a trusted proxy received over TLS have the common header lines for TLS",
          "[http][server]") {
  server_fixture server;
  server.settings.trusted_proxies = *net::network_list::parse("192.0.2.1");
  server.settings.common_header_lines = "X-Common: 1\r\n";
  server.settings.common_header_lines_over_tls = "X-Common: 1\r\nStrict-Transport-Security: max-age=1\r\n";
  server.routes.get("/", text_handler("hello"));
  CHECK_FALSE(server.response_to(get("/")).header("Strict-Transport-Security").has_value());
  CHECK_FALSE(
      server.response_to(get("/", "X-Forwarded-Proto: http\r\n")).header("Strict-Transport-Security").has_value());
  CHECK(server.response_to(get("/", "X-Forwarded-Proto: https\r\n")).header("Strict-Transport-Security") ==
        "max-age=1");
}

}  // namespace
}  // namespace cohort
