// SPDX-License-Identifier: BSL-1.0
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cohort/http/server/content/body_reader.hpp>
#include <cohort/telemetry/requests/request_record.hpp>
#include "tests/unit/http/server/proxy/proxy_fixture.hpp"

// Tests of the deadline of a request whose body is streamed.
namespace cohort {
namespace {

using namespace cohort::test;
using http::body_reader;

/// The actions of a handler on the body, and the deadlines that it observes.
struct slow_upload {
  std::size_t max_parts = std::numeric_limits<std::size_t>::max();
  duration work = 1h;
  std::optional<deadline> own;
  std::optional<deadline> recorded;
};

task<http::response> receive_then_work(slow_upload* state, request_context* context, body_reader* body) {
  for (std::size_t i = 0; i < state->max_parts; ++i) {
    const auto part = co_await body->read(*context);
    if (!part) co_return http::body_error_response(part.error());
    if (part->empty()) break;
  }
  state->own = context->deadline();
  if (const auto* record = context->timing().recording().get()) state->recorded = record->deadline;
  if (state->work > 0s && co_await sleep_for(state->work) == wait_status::cancelled) {
    co_return http::body_error_response(http::body_error::deadline);
  }
  co_return text_response("stored");
}

task<http::response> call_next(http::next next_handler, request_context* context) {
  auto next_task = next_handler(*context);
  co_return co_await std::move(next_task);
}

class slow_upload_fixture : public server_fixture {
 public:
  http::operation& route =
      routes
          .post("/upload", [this](request_context& context,
                                  body_reader& body) { return receive_then_work(&state, &context, &body); })
          .body_limit(http::unlimited_body);
  slow_upload state;
};

std::string upload_head(std::string_view path, std::string_view header_lines) {
  std::string text = "POST ";
  return text.append(path).append(" HTTP/1.1\r\nHost: test\r\n").append(header_lines).append("\r\n");
}

/// Generates uploads: a chunked body of 3 bytes, a body of 3 bytes with a length, and a body whose transfer may take 64
/// s longer than the request timeout.
std::string generate_upload(std::string_view path, std::string_view header_lines = {}) {
  const std::string lines{header_lines};
  switch (GENERATE(0, 1, 2)) {
    case 0: return upload_head(path, lines + "Transfer-Encoding: chunked\r\n") + "3\r\nabc\r\n0\r\n\r\n";
    case 1: return upload_head(path, lines + "Content-Length: 3\r\n") + "abc";
    default: return upload_head(path, lines + "Content-Length: 1048576\r\n") + std::string(1024 * 1024, 'x');
  }
}

task<> send_all(net::stream& stream, std::string bytes) {
  auto write_task = write_bytes(stream, std::move(bytes));
  co_await std::move(write_task);
}

/// Sends 16 KiB per second of a chunked body, without the last chunk.
task<> send_at_minimum_rate(net::stream& stream, int seconds) {
  for (int i = 0; i < seconds; ++i) {
    auto write_task = write_bytes(stream, "4000\r\n" + std::string(16 * 1024, 'x') + "\r\n");
    const auto sent = co_await std::move(write_task);
    if (!sent) co_return;
    co_await sleep_for(1s);
  }
}

/// Reads and discards all bytes.
task<> discard_all(net::stream& stream) {
  std::array<char, 32 * 1024> buffer;
  for (;;) {
    auto read_task = stream.read_some(asio::buffer(buffer));
    const auto read_result = co_await std::move(read_task);
    if (!read_result) co_return;
  }
}

double remaining_ms(const std::string& line) {
  constexpr std::string_view name = "\"remaining_ms\":";
  const auto start = line.find(name);
  return start == line.npos ? -1 : std::stod(line.substr(start + name.size()));
}

TEST_CASE("body deadline: after the end of the body, a handler has the request timeout", "[http][server]") {
  slow_upload_fixture server;
  const bool has_middleware = GENERATE(false, true);
  if (has_middleware) {
    server.routes.use(
        [](request_context& context, http::next next_handler) { return call_next(next_handler, &context); });
  }
  const auto request = generate_upload("/upload");
  auto client = server.connect();
  const spawned_task<> sender{server.time, send_all(client.stream(), request)};
  const auto start = server.time.now();
  CHECK(client.receive()->status == 504);
  CHECK(server.time.now() - start >= 30s);
  CHECK(server.time.now() - start <= 30s + 100ms);
  REQUIRE(server.state.own);
  CHECK(server.state.own->remaining(start) <= 30s + 100ms);
  CHECK(server.state.recorded == server.state.own);
}

TEST_CASE(
    "body deadline: a body at the minimum rate has no other time limit, and the request timeout starts after the body",
    "[http][server]") {
  slow_upload_fixture server;
  server.state.work = GENERATE(29s, 31s);
  auto client = server.connect();
  client.send(upload_head("/upload", "Transfer-Encoding: chunked\r\n"));
  const spawned_task<> sender{server.time, send_at_minimum_rate(client.stream(), 90)};
  server.time.run_for(91s);
  CHECK(sender.ended());
  client.send("0\r\n\r\n");
  const auto end = server.time.now();
  CHECK(client.receive()->status == (server.state.work < 30s ? 200 : 504));
  CHECK(server.time.now() - end <= 30s + 100ms);
}

TEST_CASE("body deadline: a handler that stops reading times out after the request timeout and the stall allowance",
          "[http][server]") {
  slow_upload_fixture server;
  server.state.max_parts = GENERATE(0U, 1U);
  auto client = server.connect();
  client.send(upload_head("/upload", "Transfer-Encoding: chunked\r\n"));
  const spawned_task<> sender{server.time, send_at_minimum_rate(client.stream(), 60)};
  const auto start = server.time.now();
  CHECK(client.receive()->status == 504);
  CHECK(server.time.now() - start >= 30s);
  CHECK(server.time.now() - start <= (server.state.max_parts == 0 ? 30s : 40s) + 100ms);
  client.stream().close();
  server.time.run_for(60s);
}

TEST_CASE("body deadline: without a minimum rate, the response to a client that pauses for the request timeout is 504",
          "[http][server]") {
  slow_upload_fixture server;
  server.state.work = 0s;
  server.route.min_body_rate(0);
  auto client = server.connect();
  client.send(upload_head("/upload", "Transfer-Encoding: chunked\r\n"));
  for (int i = 0; i < 3; ++i) {
    server.time.run_for(29s);
    client.send("1\r\na\r\n");
  }
  SECTION("a pause shorter than the timeout") {
    server.time.run_for(29s);
    client.send("0\r\n\r\n");
    CHECK(client.receive()->status == 200);
  }
  SECTION("a pause longer than the timeout") {
    server.time.run_for(29s);
    const auto start = server.time.now();
    CHECK(client.receive()->status == 504);
    CHECK(server.time.now() - start <= 1s + 100ms);
  }
}

TEST_CASE("body deadline: the client's deadline and the timeout of the route are not extended", "[http][server]") {
  slow_upload_fixture server;
  auto client = server.connect();
  const auto start = server.time.now();
  SECTION("a deadline of the client") {
    const auto request = generate_upload("/upload", "X-Envoy-Expected-Rq-Timeout-Ms: 2000\r\n");
    const spawned_task<> sender{server.time, send_all(client.stream(), request)};
    CHECK(client.receive()->status == 504);
    CHECK(server.time.now() - start >= 2s - tick);
    CHECK(server.time.now() - start <= 2s + 100ms);
  }
  SECTION("a longer timeout of the route") {
    server.route.timeout(300s);
    server.state.work = 100s;
    const auto request = generate_upload("/upload");
    const spawned_task<> sender{server.time, send_all(client.stream(), request)};
    CHECK(client.receive()->status == 200);
  }
  SECTION("a shorter timeout of the route, which includes the body") {
    server.route.timeout(3s);
    client.send(upload_head("/upload", "Transfer-Encoding: chunked\r\n"));
    const spawned_task<> sender{server.time, send_at_minimum_rate(client.stream(), 60)};
    CHECK(client.receive()->status == 504);
    CHECK(server.time.now() - start <= 3s + 100ms);
    client.stream().close();
    server.time.run_for(60s);
  }
}

TEST_CASE("body deadline: the log line has the remaining time until the ordinary timeout", "[http][server]") {
  captured_log log;
  const bool reads = GENERATE(true, false);
  {
    slow_upload_fixture server;
    server.log_to(log.sink());
    server.state.work = 0s;
    if (!reads) server.state.max_parts = 0;
    const auto request = generate_upload("/upload");
    auto client = server.connect();
    const spawned_task<> sender{server.time, send_all(client.stream(), request)};
    CHECK(client.receive()->status == 200);
    client.stream().close();
    server.time.run_for(2s);
  }
  const auto lines = log.close();
  REQUIRE(lines.size() == 1);
  CHECK(remaining_ms(lines[0]) > 29'000);
  CHECK(remaining_ms(lines[0]) <= 30'100);
}

// ---- proxy

TEST_CASE("body deadline: a proxied request has the timeout of the upstream after its body", "[http][proxy]") {
  proxy_fixture fixture;
  fixture.server.settings.limits.max_body_bytes = http::unlimited_body;
  // The deadline of the call is at most that of its request, although the call started with a later deadline.
  duration excess = 1h;
  fixture.server.routes.use([&](request_context& context) {
    context.on_sent([&](const http::sent_response&) {
      const auto* record = context.timing().recording().get();
      if (!record || record->all_calls().empty()) return;
      excess = record->all_calls().front().deadline.time() - record->deadline.time();
    });
    return std::optional<http::response>{};
  });
  const auto request = generate_upload("/api/");
  auto client = fixture.server.connect();
  const spawned_task<> sender{fixture.server.time, send_all(client.stream(), request)};
  fixture.upstream().read_request();
  const auto start = fixture.server.time.now();
  CHECK(client.receive()->status == 504);
  CHECK(fixture.server.time.now() - start >= 5s - 100ms);
  CHECK(fixture.server.time.now() - start <= 5s + 100ms);
  CHECK(excess <= 0s);
  CHECK(fixture.upstream().client_has_closed());
  CHECK(fixture.metric_value("cohort_client_in_flight{upstream=\"up\"}") == 0);
  CHECK(fixture.metric_value("cohort_client_requests_total{upstream=\"up\",outcome=\"timeout\"}") == 1);
}

TEST_CASE("body deadline: a slow upload through a proxy, and its response, may take longer than all timeouts",
          "[http][proxy]") {
  proxy_fixture fixture;
  fixture.server.settings.limits.max_body_bytes = http::unlimited_body;
  auto client = fixture.server.connect();
  client.send(upload_head("/api/", "Transfer-Encoding: chunked\r\n"));
  const spawned_task<> sender{fixture.server.time, send_at_minimum_rate(client.stream(), 90)};
  auto& upstream = fixture.upstream();
  const spawned_task<> reader{fixture.server.time, discard_all(upstream.stream())};
  fixture.server.time.run_for(91s);
  client.send("0\r\n\r\n");
  fixture.server.time.run_for(4s);
  upstream.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  CHECK(has_text(client.read().value(), "200 OK"));
  for (int i = 0; i < 3; ++i) {
    fixture.server.time.run_for(50s);
    upstream.send("1\r\na\r\n");
    CHECK(client.read().value() == "1\r\na\r\n");
  }
  upstream.send("0\r\n\r\n");
  CHECK(client.read().value() == "0\r\n\r\n");
  client.stream().close();
  upstream.stream().close();
  fixture.run_ready();
}

TEST_CASE("body deadline: the timeout of the proxy includes the request body", "[http][proxy]") {
  auto options = api_prefix_options();
  options.timeout = 8s;
  proxy_fixture fixture{std::move(options)};
  fixture.server.settings.limits.max_body_bytes = http::unlimited_body;
  auto client = fixture.server.connect();
  client.send(upload_head("/api/", "Transfer-Encoding: chunked\r\n"));
  fixture.run_ready();
  const auto start = fixture.server.time.now();
  fixture.server.time.run_for(6s);
  client.send("0\r\n\r\n");
  CHECK(client.receive()->status == 504);
  CHECK(fixture.server.time.now() - start <= 8s + 100ms);
  CHECK(fixture.server.time.now() - start >= 8s - 100ms);
}

TEST_CASE("body deadline: an upstream that does not read does not delay a request indefinitely", "[http][proxy]") {
  proxy_fixture fixture;
  fixture.server.settings.limits.max_body_bytes = http::unlimited_body;
  auto client = fixture.server.connect();
  client.send(upload_head("/api/", "Transfer-Encoding: chunked\r\n"));
  const spawned_task<> sender{fixture.server.time, send_at_minimum_rate(client.stream(), 300)};
  const auto start = fixture.server.time.now();
  CHECK(client.receive()->status == 504);
  CHECK(fixture.server.time.now() - start <= 60s);
  CHECK(fixture.metric_value("cohort_client_in_flight{upstream=\"up\"}") == 0);
  client.stream().close();
  fixture.server.time.run_for(5s);
}

}  // namespace
}  // namespace cohort
