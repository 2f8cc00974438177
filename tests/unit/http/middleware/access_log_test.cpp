// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/middleware/access_log.hpp>

#include <simdjson.h>
#include <catch2/catch_test_macros.hpp>

#include <cohort/http/server/content/body_writer.hpp>
#include "tests/unit/http/server/server_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

std::string field_of(const std::string& line, const char* name) {
  simdjson::dom::parser parser;
  simdjson::dom::element value;
  if (parser.parse(line)[name].get(value) != simdjson::SUCCESS) return "absent";
  return simdjson::minify(value);
}

task<> write_slowly(body_writer& writer) {
  for (int i = 0; i < 3; ++i) {
    co_await sleep_for(1s);
    if (!co_await writer.write("part")) co_return;
  }
}

task<> write_then_fail(body_writer& writer) {
  co_await writer.write("part");
  throw std::runtime_error("secret");
}

http::response slow_stream(request_context&) {
  return http::response{}.stream([](body_writer& writer) { return write_slowly(writer); }, "text/plain", 12);
}

/// Returns the log lines with this message.
std::vector<std::string> lines_with(const std::vector<std::string>& lines, const std::string& message) {
  std::vector<std::string> found;
  for (const auto& line : lines) {
    if (field_of(line, "msg") == "\"" + message + "\"") found.push_back(line);
  }
  return found;
}

TEST_CASE("access log: the line of a streamed response is written after its last byte, with its size and duration",
          "[http][middleware][case-6.8]") {
  captured_log log;
  telemetry::logger access_logger{log.sink(), "test", telemetry::log_level::info, telemetry::log_format::json};
  {
    server_fixture server;
    server.log_to(log.sink());
    server.routes.use(http::access_log(access_logger));
    server.routes.get("/stream", slow_stream);
    const auto received = server.response_to(get("/stream?key=secret", "User-Agent: tests\r\n"));
    CHECK(received.body == "partpartpart");
  }
  const auto all_lines = log.close();
  for (const auto* message : {"request", "access"}) {
    const auto lines = lines_with(all_lines, message);
    REQUIRE(lines.size() == 1);
    CHECK(field_of(lines[0], "bytes") == "12");
    CHECK(field_of(lines[0], "complete") == "true");
    CHECK(std::stod(field_of(lines[0], "duration_ms")) >= 2000);
    CHECK(field_of(lines[0], "path") == "\"/stream\"");
    CHECK(lines[0].find("secret") == std::string::npos);
  }
}

TEST_CASE("access log: an incomplete response is marked as incomplete", "[http][middleware]") {
  captured_log access;
  telemetry::logger access_logger{access.sink(), "test", telemetry::log_level::info, telemetry::log_format::json};
  {
    server_fixture server;
    server.routes.use(http::access_log(access_logger));
    server.routes.get("/broken", [](request_context&) {
      return http::response{}.stream([](body_writer& writer) { return write_then_fail(writer); }, "text/plain");
    });
    server.routes.get("/slow", delayed_handler(1h));
    server.routes.get("/", text_handler("hello"));
    auto client = server.connect();
    client.send(get("/") + "HEAD / HTTP/1.1\r\nHost: test\r\n\r\n" + get("/broken"));
    server.time.run_for(1s);
    {
      auto other = server.connect();
      other.send(get("/slow"));
      server.time.run_for(1s);
    }
    server.time.run_for(1s);
  }
  const auto lines = access.close();
  REQUIRE(lines.size() == 4);
  CHECK(field_of(lines[0], "bytes") == "5");
  CHECK(field_of(lines[0], "complete") == "true");
  CHECK(field_of(lines[1], "method") == "\"HEAD\"");
  CHECK(field_of(lines[1], "bytes") == "0");
  CHECK(field_of(lines[2], "path") == "\"/broken\"");
  CHECK(field_of(lines[2], "bytes") == "9");  // includes the chunk framing
  CHECK(field_of(lines[2], "complete") == "false");
  CHECK(field_of(lines[3], "status") == "499");
  CHECK(field_of(lines[3], "complete") == "false");
}

TEST_CASE("on_sent: the callback is called once, after the response has been sent", "[http][middleware]") {
  log_lines events;
  server_fixture server;
  server.routes.get("/", [&events](request_context& context) {
    for (const auto* name : {"first", "second"}) {
      context.on_sent([&events, name](const http::sent_response& response) {
        events.push_back(name + std::string{" "} + std::to_string(response.body_bytes));
      });
    }
    return text_response(std::string(100'000, 'x'));
  });
  auto client = server.connect();
  client.send(get("/"));
  CHECK(client.receive()->body.size() == 100'000);
  CHECK(events == log_lines{"first 100000", "second 100000"});
}

}  // namespace
}  // namespace cohort
