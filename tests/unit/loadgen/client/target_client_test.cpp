// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/loadgen/load_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

constexpr const char* hello_response = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

/// Returns the settings for five consecutive requests on one connection.
load_settings settings_for_five_requests() {
  auto settings = constant_load(10, 500ms);
  settings.connections = 1;
  settings.timeout = 50ms;
  return settings;
}

task<> send_and_close(net::stream& stream, std::string bytes) {
  co_await send(stream, std::move(bytes));
  stream.close();
}

struct response_case {
  const char* description;
  peer_script peer;
  request_outcome outcome;
};

TEST_CASE("target client: each kind of invalid response has a specific outcome", "[loadgen][client]") {
  const std::vector<response_case> cases{
      {"closed before the first byte", [](net::stream& stream, std::size_t) { return send_and_close(stream, ""); },
       request_outcome::early_eof},
      {"closed within the header",
       [](net::stream& stream, std::size_t) { return send_and_close(stream, "HTTP/1.1 200 OK\r\nCo"); },
       request_outcome::early_eof},
      {"closed within the body",
       [](net::stream& stream, std::size_t) {
         return send_and_close(stream, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel");
       },
       request_outcome::early_eof},
      {"reset",
       [](net::stream& stream, std::size_t) -> task<> {
         net::reset_memory_stream(stream);
         co_return;
       },
       request_outcome::reset},
      {"not HTTP", [](net::stream& stream, std::size_t) { return send(stream, "SSH-2.0-OpenSSH_9.2\r\n"); },
       request_outcome::protocol},
      {"smuggled",
       [](net::stream& stream, std::size_t) {
         return send(stream, "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n");
       },
       request_outcome::protocol},
      {"a header without end",
       [](net::stream& stream, std::size_t) {
         return send(stream, "HTTP/1.1 200 OK\r\nX: " + std::string(80 * 1024, 'x'));
       },
       request_outcome::protocol},
      {"switched protocols",
       [](net::stream& stream, std::size_t) {
         return send(stream, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n");
       },
       request_outcome::protocol},
      {"an invalid status",
       [](net::stream& stream, std::size_t) { return send(stream, "HTTP/1.1 000 Foo\r\nContent-Length: 2\r\n\r\nhi"); },
       request_outcome::protocol},
      {"endless interim responses",
       [](net::stream& stream, std::size_t) {
         std::string hints;
         for (int i = 0; i < 101; ++i) hints += "HTTP/1.1 103 Early Hints\r\n\r\n";
         return send(stream, hints);
       },
       request_outcome::protocol},
      {"silence", [](net::stream&, std::size_t) -> task<> { co_return; }, request_outcome::timeout},
      {"half a response", [](net::stream& stream, std::size_t) { return send(stream, "HTTP/1.1 200 OK\r\n"); },
       request_outcome::timeout},
  };
  for (const auto& test_case : cases) {
    CAPTURE(test_case.description);
    load_fixture fixture;
    fixture.serve_script(test_case.peer);
    const auto report = fixture.run(settings_for_five_requests());
    CHECK(count_of(report.totals.outcomes, test_case.outcome) == 5);
    CHECK(loadgen::total_count(report.totals.outcomes) == 5);
    CHECK(report.totals.sent == 5);
    // None of these connections is reused.
    CHECK(report.totals.connections_opened == 5);
  }
}

TEST_CASE("target client: statuses are counted by class, and 429 and 503 separately", "[loadgen][client]") {
  const auto [status_code, outcome] = GENERATE(table<int, request_outcome>({{200, request_outcome::status_2xx},
                                                                            {204, request_outcome::status_2xx},
                                                                            {301, request_outcome::status_3xx},
                                                                            {404, request_outcome::status_4xx},
                                                                            {429, request_outcome::status_429},
                                                                            {500, request_outcome::status_5xx},
                                                                            {503, request_outcome::status_503}}));
  load_fixture fixture;
  fixture.serve_script([code = status_code](net::stream& stream, std::size_t) {
    return send(stream, "HTTP/1.1 " + std::to_string(code) + " x\r\nContent-Length: 0\r\n\r\n");
  });
  const auto report = fixture.run(settings_for_five_requests());
  CHECK(count_of(report.totals.outcomes, outcome) == 5);
  CHECK(report.totals.statuses.at(static_cast<unsigned>(status_code)) == 5);
  CHECK(report.totals.response_time.count() == 5);
  CHECK(report.totals.connections_opened == 1);
}

TEST_CASE(
    "target client: a response can be split, chunked, preceded by interim responses, or delimited by connection close",
    "[loadgen][client]") {
  const auto [bytes, closes_connection] = GENERATE(table<std::string, bool>({
      {hello_response, false},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", false},
      {std::string{"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"} + hello_response, false},
      {"HTTP/1.1 200 OK\r\n\r\nhello", true},
      {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", true},
      {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello", true},
  }));
  CAPTURE(bytes);
  net::memory_pipe_settings pipe_settings;
  pipe_settings.max_read_size = GENERATE(1U, 7U, 65536U);
  load_fixture fixture{pipe_settings};
  fixture.serve_script([text = bytes, ends = closes_connection](net::stream& stream, std::size_t) {
    return ends ? send_and_close(stream, text) : send(stream, text);
  });
  auto settings = settings_for_five_requests();
  settings.targets.front().expected_body = GENERATE("", "hello", "llo");
  const auto report = fixture.run(settings);
  CHECK(count_of(report.totals.outcomes, request_outcome::status_2xx) == 5);
  CHECK(report.totals.connections_opened == (closes_connection ? 5 : 1));
}

TEST_CASE("target client: a successful response without the expected text has the outcome body_check",
          "[loadgen][client]") {
  load_fixture fixture;
  fixture.serve_script([](net::stream& stream, std::size_t number) {
    return send(stream, number % 2 == 0 ? "HTTP/1.1 500 x\r\nContent-Length: 3\r\n\r\noh!" : hello_response);
  });
  auto settings = settings_for_five_requests();
  settings.targets.front().expected_body = "world";
  const auto report = fixture.run(settings);
  CHECK(count_of(report.totals.outcomes, request_outcome::body_check) == 3);
  CHECK(count_of(report.totals.outcomes, request_outcome::status_5xx) == 2);
}

TEST_CASE("target client: a reused connection closed before a response has the outcome stale_reuse",
          "[loadgen][client]") {
  load_fixture fixture;
  fixture.serve_script([](net::stream& stream, std::size_t number) {
    return number % 2 == 1 ? send(stream, hello_response) : send_and_close(stream, "");
  });
  const auto report = fixture.run(settings_for_five_requests());
  CHECK(count_of(report.totals.outcomes, request_outcome::status_2xx) == 3);
  CHECK(count_of(report.totals.outcomes, request_outcome::stale_reuse) == 2);
}

task<> respond_and_close_later(net::stream& stream) {
  co_await send(stream, hello_response);
  auto sleep_task = sleep_for(20ms);
  co_await std::move(sleep_task);
  stream.close();
}

TEST_CASE("target client: an idle connection that the server has closed is replaced before its use",
          "[loadgen][client]") {
  load_fixture fixture;
  fixture.serve_script([](net::stream& stream, std::size_t) { return respond_and_close_later(stream); });
  const auto report = fixture.run(settings_for_five_requests());
  CHECK(count_of(report.totals.outcomes, request_outcome::status_2xx) == 5);
  CHECK(report.totals.connections_opened == 5);
}

TEST_CASE("target client: without keep-alive, each request has a separate connection and sends Connection: close",
          "[loadgen][client]") {
  load_fixture fixture;
  std::size_t close_count = 0;
  fixture.routes.get("/", [&](http::request_context& context) {
    close_count += context.head().find("connection") == "close" ? 1 : 0;
    return http::response{}.body("hello", "text/plain");
  });
  fixture.serve();
  auto settings = settings_for_five_requests();
  settings.keep_alive = false;
  const auto report = fixture.run(settings);
  CHECK(count_of(report.totals.outcomes, request_outcome::status_2xx) == 5);
  CHECK(report.totals.connections_opened == 5);
  CHECK(close_count == 5);
}

TEST_CASE("target client: each kind of connect error has a specific outcome", "[loadgen][client]") {
  load_fixture fixture;
  auto settings = settings_for_five_requests();
  const auto [url, outcome] = GENERATE(table<const char*, request_outcome>({
      {"http://192.0.2.80/", request_outcome::connect_refused},
      {"http://192.0.2.99/", request_outcome::connect_timeout},
      {"http://nowhere.test/", request_outcome::dns},
  }));
  fixture.network.add_black_hole({asio::ip::make_address("192.0.2.99"), 80});
  settings.targets = {make_target("site", url)};
  const auto report = fixture.run(settings);
  CHECK(count_of(report.totals.outcomes, outcome) == 5);
  CHECK(report.totals.sent == 0);
}

TEST_CASE("target client: idle connections are reused before new connections are opened", "[loadgen][client]") {
  load_fixture fixture;
  fixture.serve_delayed([](duration) { return 30ms; });
  auto settings = constant_load(100, 5s);
  const auto report = fixture.run(settings);
  // At 100 requests per second of 0.03 s each, three or four requests are in flight.
  CHECK(report.totals.connections_opened >= 3);
  CHECK(report.totals.connections_opened <= 4);
}

TEST_CASE("target client: a request with a body is sent completely over a pipe with a small capacity",
          "[loadgen][client]") {
  net::memory_pipe_settings pipe_settings;
  pipe_settings.capacity = 16;
  load_fixture fixture{pipe_settings};
  std::string received_body;
  fixture.routes.post("/", [&](http::request_context& context) {
    received_body = context.body();
    return http::response{}.body("hello", "text/plain");
  });
  fixture.serve();
  auto settings = settings_for_five_requests();
  settings.timeout = 10s;
  settings.targets.front().request.method = http::method::post;
  settings.targets.front().request.body = std::string(1000, 'b');
  const auto report = fixture.run(settings);
  CHECK(count_of(report.totals.outcomes, request_outcome::status_2xx) == 5);
  CHECK(received_body == std::string(1000, 'b'));
}

}  // namespace
}  // namespace cohort
