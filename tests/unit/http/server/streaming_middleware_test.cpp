// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cohort/http/middleware/compression.hpp>
#include <cohort/http/middleware/etag.hpp>
#include <cohort/http/server/content/body_reader.hpp>
#include <cohort/http/server/content/body_writer.hpp>
#include "tests/unit/http/message/body/content_decoding.hpp"
#include "tests/unit/http/server/server_fixture.hpp"

// Tests of streamed request and response bodies within middleware.
namespace cohort {
namespace {

using namespace cohort::test;

/// Responds with the body of the request.
task<http::response> echo_stream(http::request_context& context, http::body_reader& body) {
  std::string text;
  for (;;) {
    const auto part = co_await body.read(context);
    if (!part) co_return http::body_error_response(part.error());
    if (part->empty()) break;
    text += *part;
  }
  co_return text_response(std::move(text));
}

/// Records when the subsequent steps of the pipeline have returned.
task<http::response> call_next_after(duration delay, log_lines* events, http::request_context& context,
                                     http::next next_handler) {
  co_await sleep_for(delay);
  auto response = co_await next_handler(context);
  events->push_back(std::to_string(static_cast<unsigned>(response.code())));
  co_return response;
}

struct echo_fixture : server_fixture {
  explicit echo_fixture(duration delay = 1s, net::memory_pipe_settings pipe = {}) : server_fixture(pipe) {
    routes.use([this, delay](http::request_context& context, http::next next_handler) {
      return call_next_after(delay, &events, context, next_handler);
    });
    routes.use(http::compression());
    routes.use(http::etag());
    routes.put("/echo", echo_stream).body_limit(1'000'000);
  }
  log_lines events;
};

std::string echo_request(std::string_view header_lines) {
  return "PUT /echo HTTP/1.1\r\nHost: test\r\n" + std::string{header_lines} + "\r\n";
}

TEST_CASE("streams in middleware: the handler reads the body unchanged", "[http][server][middleware]") {
  const std::size_t read_size = GENERATE(7, 65'536);
  const std::size_t size = GENERATE(0, 100, 30'000, 400'000);
  if (read_size == 7 && size > 30'000) return;  // the test would be too slow
  CAPTURE(read_size, size);
  echo_fixture server{1s, max_read_size(read_size)};
  const auto text = compressible_text(size);
  auto client = server.connect();
  client.send(echo_request("Accept-Encoding: gzip\r\nContent-Length: " + std::to_string(size) + "\r\n"));
  client.send(text);
  client.send(get("/nothing"));
  const auto response = client.receive();
  REQUIRE(response.has_value());
  CHECK(decode(response->header("Content-Encoding").value_or(""), response->body).text == text);
  CHECK(client.receive()->status == 404);
  CHECK(server.events == log_lines{"200", "404"});
}

TEST_CASE("streams in middleware: error responses caused by a body pass through the middleware",
          "[http][server][middleware]") {
  echo_fixture server;
  struct row {
    std::string_view fields;
    std::string_view body;
    int status;
  };
  const auto row = GENERATE(values<struct row>({{"Content-Length: 1000001\r\n", "", 413},
                                                {"Transfer-Encoding: chunked\r\n", "5\r\nhello\r\nF4241\r\n", 413},
                                                {"Transfer-Encoding: chunked\r\n", "5\r\nhello\r\nZ", 400}}));
  auto client = server.connect();
  client.send(echo_request(row.fields));
  client.send(row.body);
  CHECK(client.receive()->status == row.status);
  CHECK(server.events == log_lines{std::to_string(row.status)});
  CHECK(client.is_closed_cleanly());
}

TEST_CASE("streams in middleware: 100 Continue is sent when the handler reads", "[http][server][middleware]") {
  echo_fixture server;
  auto client = server.connect();
  client.send(echo_request("Content-Length: 5\r\nExpect: 100-continue\r\n"));
  server.time.run_for(500ms);
  CHECK_FALSE(client.stream().is_readable());
  server.time.run_for(1s);
  CHECK(client.read() == std::string{"HTTP/1.1 100 Continue\r\n\r\n"});
  client.send("hello");
  CHECK(client.receive()->body == "hello");
}

TEST_CASE("streams in middleware: a client that disconnects during the upload ends the pipeline",
          "[http][server][middleware]") {
  echo_fixture server;
  auto client = server.connect();
  client.send(echo_request("Content-Length: 500000\r\n") + std::string(10'000, 'x'));
  server.time.run_for(2s);
  client.stream().close();
  server.time.run_for(60s);
  CHECK(server.metric_value("cohort_server_connections") == 0);
}

}  // namespace
}  // namespace cohort
