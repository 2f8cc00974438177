// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/http/client/streaming/streaming_fixture.hpp"

// Tests of streamed request and response bodies.
namespace cohort {
namespace {

using namespace cohort::test;
using http::client_error;

const std::string chunked_head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

http::client_request post_request() { return make_request(http::method::post); }

task<> write_parts(net::stream& to, std::size_t count, std::size_t& written) {
  const std::string part(16 * 1024, 'x');
  while (count-- > 0) {
    const net::const_buffers buffers{asio::buffer(part), asio::const_buffer{}};
    auto write_task = net::write_all(to, buffers);
    const auto write_result = co_await std::move(write_task);
    if (!write_result) co_return;
    written += *write_result;
  }
}

// ---- responses

TEST_CASE("streaming: a response is returned when its head has arrived, and its body is streamed",
          "[http][client][streaming]") {
  streaming_fixture fixture;
  fixture.open(get_request("http://site.test/"));
  auto& server = fixture.newest_connection();
  const auto request = server.read_request();
  CHECK(request.header("X-Request-Id") == "request-1");
  CHECK_FALSE(request.header("Accept-Encoding").has_value());
  server.send(chunked_head);
  CHECK(fixture.response().head.status == http::status::ok);
  CHECK(fixture.metric("in_flight") == 1);
  server.send("3\r\nabc\r\n");
  CHECK(fixture.read().value() == "abc");
  server.send("2\r\nde\r\n0\r\nTrailer-Field: dropped\r\n\r\n");
  CHECK(fixture.read_all() == "de");
  CHECK(fixture.read().value().empty());
  CHECK(fixture.metric("in_flight") == 0);
  CHECK(fixture.outcomes("ok") == 1);
}

TEST_CASE("streaming: a connection is reused after the end of the body, and closed if the body was not read",
          "[http][client][streaming]") {
  streaming_fixture fixture;
  const auto reads_body = GENERATE(true, false);
  fixture.open(get_request("http://site.test/"));
  auto& server = fixture.newest_connection();
  server.read_request();
  server.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab");
  CHECK(fixture.response().content_length() == 5);
  if (reads_body) {
    server.send("cde");
    CHECK(fixture.read_all() == "abcde");
  }
  fixture.destroy();
  CHECK(server.client_has_closed() != reads_body);
  CHECK(fixture.outcomes(reads_body ? "ok" : "cancelled") == 1);
}

TEST_CASE("streaming: interim responses are skipped", "[http][client][streaming]") {
  streaming_fixture fixture;
  fixture.open(get_request("http://site.test/"));
  auto& server = fixture.newest_connection();
  server.read_request();
  server.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + ok_response("end"));
  CHECK(fixture.response().head.find("link") == std::nullopt);
  CHECK(fixture.read_all() == "end");
}

TEST_CASE("streaming: a response to HEAD and a 204 have no body", "[http][client][streaming]") {
  streaming_fixture fixture;
  const auto [method, head] = GENERATE(table<http::method, std::string>({
      {http::method::head, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"},
      {http::method::get, "HTTP/1.1 204 No Content\r\n\r\n"},
  }));
  fixture.open(make_request(method));
  auto& server = fixture.newest_connection();
  server.read_request();
  server.send(head);
  CHECK(fixture.read_all().empty());
  CHECK(fixture.outcomes("ok") == 1);
}

TEST_CASE("streaming: a truncated body is reported as an error, not as the end of the body",
          "[http][client][streaming]") {
  streaming_fixture fixture;
  const auto head = GENERATE(as<std::string>{}, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab",
                             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n");
  fixture.open(get_request("http://site.test/"));
  auto& server = fixture.newest_connection();
  server.read_request();
  server.send(head);
  CHECK(fixture.read().value() == "ab");
  server.close();
  CHECK(fixture.read().error() == client_error::body_truncated);
  CHECK(fixture.read().error() == client_error::body_truncated);
  CHECK(fixture.outcomes("reset") == 1);
  CHECK(fixture.metric("in_flight") == 0);
}

TEST_CASE("streaming: a body above its limit and a body with invalid chunks are rejected",
          "[http][client][streaming]") {
  streaming_fixture fixture;
  const auto [bytes, error] = GENERATE(table<std::string, client_error>({
      {"4\r\nabcd\r\n4\r\nabcd\r\n0\r\n\r\n", client_error::body_too_large},
      {"4\r\nabcd\r\nzz\r\n", client_error::body_malformed},
  }));
  fixture.open(get_request("http://site.test/"), {.max_body_bytes = 6});
  auto& server = fixture.newest_connection();
  server.read_request();
  server.send(chunked_head);
  server.send(bytes.substr(0, 9));
  CHECK(fixture.read().value() == "abcd");
  server.send(bytes.substr(9));
  CHECK(fixture.read().error() == error);
}

TEST_CASE("streaming: a read in the middle of a body times out at its deadline", "[http][client][streaming]") {
  streaming_fixture fixture;
  fixture.open(get_request("http://site.test/"));
  auto& server = fixture.newest_connection();
  server.read_request();
  server.send(chunked_head + "1\r\na\r\n");
  CHECK(fixture.read().value() == "a");
  const auto start = fixture.time.now();
  CHECK(fixture.read(300ms).error() == client_error::body_timeout);
  CHECK(fixture.time.now() - start < 301ms);
  CHECK(server.client_has_closed());
  CHECK(fixture.outcomes("timeout") == 1);
}

TEST_CASE("streaming: a slow reader exerts backpressure on the server", "[http][client][streaming]") {
  streaming_fixture fixture;
  fixture.open(get_request("http://site.test/"));
  auto& server = fixture.newest_connection();
  server.read_request();
  constexpr std::size_t parts = 256;
  server.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(parts * 16 * 1024) + "\r\n\r\n");
  CHECK(fixture.response().head.status == http::status::ok);
  std::size_t written = 0;
  const spawned_task<> writer{fixture.time, write_parts(server.stream(), parts, written)};
  fixture.time.run_for(1s);
  CHECK(written <= 96 * 1024);
  CHECK(fixture.read_all() == std::string(parts * 16 * 1024, 'x'));
}

// ---- requests

TEST_CASE("streaming: a body is sent with its length, or chunked", "[http][client][streaming]") {
  streaming_fixture fixture;
  const auto length = GENERATE(std::optional<std::uint64_t>{}, std::optional<std::uint64_t>{5});
  scripted_source source{length};
  fixture.open(post_request(), {.body = &source});
  source.add("ab");
  fixture.run_ready();
  CHECK_FALSE(fixture.is_open());
  source.add("cde");
  source.add("");
  auto& server = fixture.newest_connection();
  const auto request = server.read_request();
  CHECK(request.body == "abcde");
  CHECK(request.header("Content-Length") == (length ? std::optional<std::string>{"5"} : std::nullopt));
  CHECK(request.header("Transfer-Encoding") == (length ? std::nullopt : std::optional<std::string>{"chunked"}));
  server.send(ok_response("done"));
  CHECK(fixture.read_all() == "done");
  CHECK_FALSE(server.client_has_closed());
}

TEST_CASE("streaming: the source is read only as fast as the server reads", "[http][client][streaming]") {
  streaming_fixture fixture;
  scripted_source source;
  constexpr std::size_t parts = 64;
  for (std::size_t i = 0; i < parts; ++i) source.add(std::string(16 * 1024, 'x'));
  source.add("");
  fixture.open(post_request(), {.body = &source});
  fixture.time.run_for(1s);
  CHECK(source.read_count() <= 6);
  auto& server = fixture.newest_connection();
  CHECK(server.read_request().body.size() == parts * 16 * 1024);
  server.send(ok_response("done"));
  CHECK(fixture.read_all() == "done");
}

TEST_CASE("streaming: an early error response stops the request body and is returned", "[http][client][streaming]") {
  streaming_fixture fixture;
  scripted_source source;
  source.add("ab");
  fixture.open(post_request(), {.body = &source});
  auto& server = fixture.newest_connection();
  CHECK(server.read_bytes().ends_with("2\r\nab"));
  server.send("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig");
  CHECK(fixture.response().head.status_code() == 413);
  CHECK(source.was_cancelled());
  CHECK(fixture.read_all() == "big");
  // The rest of the body was not sent: the connection cannot carry another request.
  CHECK(server.client_has_closed());
  CHECK(fixture.outcomes("client_error") == 1);
}

TEST_CASE("streaming: the response of a server that closes the connection early is returned",
          "[http][client][streaming]") {
  streaming_fixture fixture;
  scripted_source source;
  source.add("ab");
  fixture.open(post_request(), {.body = &source});
  auto& server = fixture.newest_connection();
  server.read_bytes();
  server.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  server.close();
  source.add("cd");
  CHECK(fixture.response().head.status_code() == 400);
}

TEST_CASE("streaming: a failed or incomplete body closes the connection, and is not counted as a failure of the server",
          "[http][client][streaming]") {
  streaming_fixture fixture;
  enum class fault { failure, too_short, too_long };
  const auto kind = GENERATE(fault::failure, fault::too_short, fault::too_long);
  scripted_source source{4};
  source.add("ab");
  fixture.open(post_request(), {.body = &source});
  auto& server = fixture.newest_connection();
  CHECK(server.read_bytes().ends_with("\r\n\r\nab"));
  if (kind == fault::failure) source.fail();
  if (kind == fault::too_short) source.add("");
  if (kind == fault::too_long) source.add("cde");
  CHECK(fixture.error() == client_error::request_body_failed);
  CHECK(server.client_has_closed());
  CHECK(fixture.outcomes("cancelled") == 1);
}

TEST_CASE("streaming: the cancellation of a call cancels the source and closes the connection",
          "[http][client][streaming]") {
  streaming_fixture fixture;
  scripted_source source;
  source.add("ab");
  fixture.open(post_request(), {.body = &source});
  auto& server = fixture.newest_connection();
  server.read_bytes();
  fixture.cancel();
  fixture.run_ready();
  CHECK(source.was_cancelled());
  CHECK(server.client_has_closed());
  CHECK(fixture.metric("in_flight") == 0);
}

TEST_CASE("streaming: a call times out at its deadline while its body is sent", "[http][client][streaming]") {
  streaming_fixture fixture;
  scripted_source source;
  source.add("ab");
  const auto start = fixture.time.now();
  fixture.open(post_request(), {.body = &source}, 2s);
  auto& server = fixture.newest_connection();
  CHECK(fixture.error() == client_error::response_timeout);
  CHECK(fixture.time.now() - start <= 3s);
  CHECK(source.was_cancelled());
  server.read_bytes();
  CHECK(server.client_has_closed());
}

// ---- retries

TEST_CASE("streaming: an idempotent request is resent only if its body has not been read or can be rewound",
          "[http][client][streaming]") {
  streaming_fixture fixture;
  const auto can_rewind = GENERATE(true, false);
  scripted_source source{2, can_rewind};
  source.add("ab");
  fixture.open(make_request(http::method::put), {.body = &source});
  auto& first = fixture.newest_connection();
  CHECK(first.read_request().body == "ab");
  first.send("HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  fixture.time.run_for(1s);
  CHECK(source.rewind_count() == 1);
  if (can_rewind) {
    auto& second = fixture.newest_connection();
    CHECK(second.read_request().body == "ab");
    second.send(ok_response("done"));
    CHECK(fixture.read_all() == "done");
    CHECK(fixture.attempts() == 2);
  } else {
    CHECK(fixture.response().head.status_code() == 503);
    CHECK(fixture.attempts() == 1);
    CHECK(fixture.metric("retries_total", "verdict=\"not_safe\"") == 1);
  }
}

TEST_CASE("streaming: a request without a body is resent only if the connection fails before the response head",
          "[http][client][streaming]") {
  streaming_fixture fixture;
  fixture.open(get_request("http://site.test/"));
  auto& first = fixture.newest_connection();
  first.read_request();
  first.send("HTTP/1.1 502 Bad\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  fixture.time.run_for(1s);
  auto& second = fixture.newest_connection();
  second.read_request();
  second.send(chunked_head + "1\r\na\r\n");
  CHECK(fixture.read().value() == "a");
  second.close();
  CHECK(fixture.read().error() == client_error::body_truncated);
  CHECK(fixture.connection_count() == 2);
}

// ---- middleware

class recording_middleware final : public http::call_middleware {
 public:
  recording_middleware(std::string name, log_lines& log) : name_(std::move(name)), log_(log) {}
  void on_request(http::client_request& request, const call_context& context) override {
    log_.push_back(name_ + " request " + std::string{context.request_id});
    request.fields.emplace_back("X-" + name_, "1");
  }
  void on_response(const http::client_request&, http::client_result& result) override {
    log_.push_back(name_ + (result ? " response " + std::to_string(result->status_code()) : " error"));
    if (result) result->fields.emplace_back("X-" + name_, "2");
  }

 private:
  std::string name_;
  log_lines& log_;
};

TEST_CASE("upstream: middleware changes the request once per call, and processes the response in reverse order",
          "[http][client][middleware]") {
  streaming_fixture fixture;
  log_lines log;
  fixture.upstream.use(std::make_shared<recording_middleware>("A", log))
      .use(std::make_shared<recording_middleware>("B", log));
  const auto is_streamed = GENERATE(true, false);
  const call_context context{.deadline = deadline::after(fixture.time.now(), 10s), .request_id = "request-1"};
  std::optional<spawned_task<http::upstream_result>> call;
  if (is_streamed) {
    fixture.open(get_request("http://site.test/"));
  } else {
    call.emplace(fixture.time, fixture.upstream.call(get_request("http://site.test/"), context));
  }
  auto& first = fixture.newest_connection();
  first.read_request();
  first.send("HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  fixture.time.run_for(1s);
  auto& second = fixture.newest_connection();
  const auto request = second.read_request();
  CHECK(request.header("X-A") == "1");
  CHECK(request.header("X-B") == "1");
  second.send(ok_response("ok"));
  fixture.run_ready();
  const auto response = is_streamed ? fixture.response().head : *call->outcome().value->response;
  CHECK(response.find("X-A") == "2");
  CHECK(log == log_lines{"A request request-1", "B request request-1", "B response 200", "A response 200"});
}

TEST_CASE("streaming: truncated bodies open the circuit breaker; bodies that the caller abandons do not",
          "[http][client][streaming]") {
  auto settings = http::upstream_settings{};
  settings.retry.max_attempts = 1;
  const auto is_truncated = GENERATE(true, false);
  bool is_open = false;
  streaming_fixture fixture{settings};
  for (int i = 0; i < 60; ++i) {
    const call_context context{.deadline = deadline::after(fixture.time.now(), 10s)};
    spawned_task<http::open_result> call{fixture.time,
                                         fixture.upstream.open(get_request("http://site.test/"), context)};
    fixture.run_ready();
    if (call.ended()) {
      is_open = call.outcome().value->response.error() == client_error::breaker_open;
      break;
    }
    auto& server = fixture.newest_connection();
    server.read_request();
    server.send(chunked_head);
    fixture.run_ready();
    auto& result = const_cast<http::open_result&>(*call.outcome().value);
    std::optional<http::streamed_response> response{std::move(*result.response)};
    if (is_truncated) {
      server.close();
      CHECK_FALSE(fixture.time.run(read_chunk(*response, deadline::never())).has_value());
    }
    fixture.time.run(destroy_response(response));
  }
  CHECK(is_open == is_truncated);
}

}  // namespace
}  // namespace cohort
