// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/content/body_reader.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cohort/http/server/server.hpp>
#include "tests/unit/http/server/server_fixture.hpp"

// Tests of request bodies that a handler reads as a stream.
namespace cohort {
namespace {

using namespace cohort::test;
using http::body_error;
using http::body_reader;

/// The reads of a handler, and their results.
struct upload_state {
  duration pause_between_reads{0};
  std::size_t max_read_count = std::numeric_limits<std::size_t>::max();
  duration pause_after_body{0};
  duration call_timeout = 1h;
  std::size_t reads = 0;
  std::size_t max_chunk_size = 0;
  std::string content;
  std::optional<body_error> error;
  log_lines events;
};

/// Responds with the size of the content, or with the response for the error.
task<http::response> receive_upload(upload_state* state, request_context* context, body_reader* body) {
  while (state->reads < state->max_read_count) {
    call_context call = *context;
    call.deadline = std::min(call.deadline, deadline::after(loop::current().now(), state->call_timeout));
    const auto part = co_await body->read(call);
    if (!part) {
      state->error = part.error();
      // Later reads of a cancelled handler return the same error.
      if (part.error() != body_error::deadline) CHECK((co_await body->read(call)).error() == part.error());
      co_return http::body_error_response(part.error());
    }
    if (part->empty()) break;
    ++state->reads;
    state->max_chunk_size = std::max(state->max_chunk_size, part->size());
    state->content += *part;
    if (state->pause_between_reads > 0s) co_await sleep_for(state->pause_between_reads);
  }
  if (state->pause_after_body > 0s) {
    if (co_await sleep_for(state->pause_after_body) == wait_status::cancelled) state->events.push_back("cancelled");
  }
  co_return text_response(std::to_string(state->content.size()) + " at " + std::string{context->head().path});
}

class upload_fixture : public server_fixture {
 public:
  using server_fixture::server_fixture;
  http::operation& route = routes.post("/upload", [this](request_context& context, body_reader& body) {
    return receive_upload(&state, &context, &body);
  });
  http::operation& other = routes.get("/next", text_handler("next"));
  upload_state state;
};

std::string head(std::string_view header_lines) {
  return "POST /upload HTTP/1.1\r\nHost: test\r\n" + std::string{header_lines} + "\r\n";
}
std::string to_chunked(std::string_view content, std::size_t chunk_size) {
  std::string text;
  for (; !content.empty(); content.remove_prefix(std::min(chunk_size, content.size()))) {
    const auto chunk = content.substr(0, chunk_size);
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", chunk.size());
    text.append(size).append(chunk).append("\r\n");
  }
  return text + "0\r\n\r\n";
}
std::string sample(std::size_t size) {
  std::string text(size, ' ');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i * 7 % 26);
  return text;
}

task<> send_in_background(net::stream& stream, std::string bytes) {
  auto write_task = write_bytes(stream, std::move(bytes));
  co_await std::move(write_task);
}

TEST_CASE("body reader: the content is read unchanged for every framing, and the next request is processed",
          "[http][server]") {
  const auto max_read = GENERATE(std::size_t{1}, std::size_t{700}, std::size_t{1 << 20});
  const auto size = GENERATE(std::size_t{0}, std::size_t{5}, std::size_t{16 * 1024}, std::size_t{300'000});
  const auto chunk = GENERATE(std::size_t{0}, std::size_t{100}, std::size_t{20'000}, std::size_t{100'000});
  if (max_read == 1 && size > 100'000) return;
  CAPTURE(max_read, size, chunk);
  upload_fixture server{max_read_size(max_read)};
  const auto content = sample(size);
  const auto length = "Content-Length: " + std::to_string(size) + "\r\n";
  auto client = server.connect();
  const auto request =
      chunk == 0 ? head(length) + content : head("Transfer-Encoding: chunked\r\n") + to_chunked(content, chunk);
  spawned_task<> sender{server.time, send_in_background(client.stream(), request + get("/next"))};
  const auto response = client.receive();
  CHECK(response->status == 200);
  CHECK(response->body == std::to_string(size) + " at /upload");
  CHECK(server.state.content == content);
  CHECK(server.state.max_chunk_size <= 64 * 1024);
  CHECK(client.receive()->body == "next");
}

TEST_CASE("body reader: a client is blocked while the handler does not read", "[http][server]") {
  net::memory_pipe_settings settings;
  settings.capacity = 8 * 1024;
  upload_fixture server{settings};
  server.state.pause_between_reads = 1s;
  auto client = server.connect();
  std::size_t sent = 0;
  const auto send = [](net::stream& stream, std::size_t* total) -> task<> {
    for (;;) {
      auto write_task = write_once(stream, std::string(1024, 'x'));
      const auto written = co_await std::move(write_task);
      if (!written) co_return;
      *total += *written;
    }
  };
  client.send(head("Content-Length: 1000000\r\n"));
  spawned_task<> sender{server.time, send(client.stream(), &sent)};
  server.time.run_for(500ms);
  CHECK(sent <= 2 * 8 * 1024 + 4096);
  const auto initial_sent_size = sent;
  server.time.run_for(10s);
  // A read returns one segment of the pipe.
  CHECK(server.state.reads >= 10);
  CHECK(sent - initial_sent_size <= 11 * 1024);
  CHECK(sent - initial_sent_size >= 9 * 1024);
  client.stream().close();
  server.time.run_for(2s);
}

TEST_CASE("body reader: the body limit of the route replaces the limit of the server", "[http][server]") {
  upload_fixture server;
  server.settings.limits.max_body_bytes = 1000;
  SECTION("default limit") {
    CHECK(server.response_to(head("Content-Length: 1001\r\n")).status == 413);
    CHECK(server.response_to(head("Transfer-Encoding: chunked\r\n") + "3e9\r\n").status == 413);
    CHECK(server.state.error == body_error::too_large);
    CHECK(server.response_to(head("Content-Length: 1000\r\n") + std::string(1000, 'x')).status == 200);
  }
  SECTION("larger limit of the route") {
    server.route.body_limit(5000);
    CHECK(server.response_to(head("Content-Length: 5001\r\n")).status == 413);
    CHECK(server.response_to(head("Content-Length: 5000\r\n") + std::string(5000, 'x')).status == 200);
    CHECK(server.response_to(head("Transfer-Encoding: chunked\r\n") + to_chunked(std::string(5000, 'x'), 999)).status ==
          200);
    server.state = {};
    CHECK(server.response_to(head("Transfer-Encoding: chunked\r\n") + to_chunked(std::string(5001, 'x'), 999)).status ==
          413);
    CHECK(server.state.error == body_error::too_large);
  }
  SECTION("unlimited body of the route") {
    server.route.body_limit(http::unlimited_body);
    CHECK(
        server.response_to(head("Transfer-Encoding: chunked\r\n") + to_chunked(std::string(60'000, 'x'), 999)).status ==
        200);
    spawned_task<> empty_task{server.time, [](net::stream*) -> task<> { co_return; }(nullptr)};
    auto client = server.connect();
    client.send(head("Content-Length: 18446744073709551615\r\n") + "some");
    server.time.run_for(1s);
    CHECK(server.state.content.ends_with("some"));
  }
}

TEST_CASE(
    "body reader: a body that is malformed or exceeds the limits of its framing is rejected with a specific error",
    "[http][server]") {
  struct row {
    std::string bytes;
    body_error error;
    int status;
  };
  const auto test_case =
      GENERATE(values<row>({{"3\r\nabc\r\nZ", body_error::malformed, 400},
                            {"3\r\nabcd", body_error::malformed, 400},
                            {"3\r\nabc\r\n0\r\nX : 3\r\n\r\n", body_error::malformed, 400},
                            {"3;" + std::string(20'000, 'e'), body_error::too_large, 413},
                            {"3\r\nabc\r\n0\r\nX: " + std::string(20'000, 'e'), body_error::too_large, 413}}));
  CAPTURE(test_case.bytes.substr(0, 30));
  upload_fixture server;
  auto client = server.connect();
  client.send(head("Transfer-Encoding: chunked\r\n") + test_case.bytes + get("/next"));
  CHECK(client.receive()->status == test_case.status);
  CHECK(server.state.error == test_case.error);
  CHECK(client.is_closed_cleanly());
}

/// Sends `count` chunks of a body.
task<> send_chunks(net::stream& stream, std::size_t size, duration pause, int count) {
  for (int i = 0; i < count; ++i) {
    auto write_task = write_bytes(stream, std::string(size, 'x'));
    const auto sent = co_await std::move(write_task);
    if (!sent) co_return;
    co_await sleep_for(pause);
  }
}

TEST_CASE("body reader: a client at the minimum rate may take longer than the request timeout", "[http][server]") {
  upload_fixture server;
  auto client = server.connect();
  client.send(head("Content-Length: 983040\r\n"));
  spawned_task<> sender{server.time, send_chunks(client.stream(), 16 * 1024, 1s, 60)};
  const auto start = server.time.now();
  CHECK(client.receive()->status == 200);
  CHECK(server.time.now() - start >= 58s);
  server.time.run_for(2s);
}

TEST_CASE("body reader: a client below the minimum rate is rejected with 408 after its allowance is exhausted",
          "[http][server]") {
  upload_fixture server;
  duration expected = 10s;
  std::size_t size = 1;
  SECTION("one byte per second") {}
  SECTION("half the minimum rate") {
    expected = 20s;
    size = 8 * 1024;
  }
  SECTION("the minimum rate of the route") {
    server.route.min_body_rate(1024 * 1024);
    size = 16 * 1024;
  }
  auto client = server.connect();
  client.send(head("Content-Length: 983040\r\n"));
  spawned_task<> sender{server.time, send_chunks(client.stream(), size, 1s, 60)};
  const auto start = server.time.now();
  CHECK(client.receive()->status == 408);
  CHECK(server.state.error == body_error::too_slow);
  CHECK(server.time.now() - start >= expected - 1s);
  CHECK(server.time.now() - start <= expected + 2s);
  client.stream().close();
  server.time.run_for(2s);
}

TEST_CASE("body reader: the time in which the handler does not read does not count against the client",
          "[http][server]") {
  upload_fixture server;
  server.route.timeout(300s);
  server.state.pause_between_reads = 15s;
  auto client = server.connect();
  client.send(head("Content-Length: 300000\r\n"));
  spawned_task<> sender{server.time, send_in_background(client.stream(), sample(300'000))};
  CHECK(client.receive()->status == 200);
}

TEST_CASE("body reader: a read times out at the deadline of the call or of the request", "[http][server]") {
  upload_fixture server;
  auto client = server.connect();
  const auto start = server.time.now();
  SECTION("deadline of the call") {
    server.state.call_timeout = 2s;
    client.send(head("Content-Length: 10\r\n") + "abc");
    CHECK(client.receive()->status == 504);
    CHECK(server.state.error == body_error::deadline);
    CHECK(server.time.now() - start <= 2s + 3 * tick);
  }
  SECTION("timeout of the route") {
    server.route.timeout(3s);
    client.send(head("Content-Length: 10\r\n") + "abc");
    CHECK(client.receive()->status == 504);
    CHECK(server.time.now() - start <= 3s + 3 * tick);
  }
  SECTION("the timeout of the route, above the timeout of the server") {
    server.route.timeout(300s);
    server.route.min_body_rate(0);
    client.send(head("Content-Length: 10\r\n") + "abc");
    CHECK(client.receive()->status == 504);
    CHECK(server.time.now() - start >= 299s);
  }
  CHECK(client.is_closed_cleanly());
}

TEST_CASE("body reader: a pending read fails when the client disconnects", "[http][server]") {
  upload_fixture server;
  const std::string request = GENERATE(head("Content-Length: 100000\r\n"), head("Transfer-Encoding: chunked\r\n"));
  auto client = server.connect();
  client.send(request + "3\r\nabc");
  server.time.run_for(1s);
  SECTION("closed") { client.stream().close(); }
  SECTION("reset") { net::reset_memory_stream(client.stream()); }
  SECTION("half closed") { client.stream().shutdown_write(); }
  server.time.run_for(1s);
  CHECK(server.state.error == body_error::disconnected);
  client.stream().close();
  server.time.run_for(2s);
  CHECK(server.metric_value("cohort_server_connections") == 0);
}

TEST_CASE("body reader: once the body has been read, a disconnect of the client cancels the handler",
          "[http][server]") {
  const auto size = GENERATE(std::size_t{0}, std::size_t{10}, std::size_t{100'000});
  upload_fixture server;
  server.state.pause_after_body = 20s;
  auto client = server.connect();
  client.send(post("/upload", sample(size)));
  server.time.run_for(1s);
  CHECK(server.state.content.size() == size);
  client.stream().close();
  server.time.run_for(1s);
  CHECK(server.state.events == log_lines{"cancelled"});
}

TEST_CASE("body reader: 100 Continue is sent when reading starts", "[http][server]") {
  upload_fixture server;
  auto client = server.connect();
  client.send(head("Content-Length: 4\r\nExpect: 100-continue\r\n"));
  CHECK(client.read() == std::string{"HTTP/1.1 100 Continue\r\n\r\n"});
  client.send("body" + get("/next"));
  CHECK(client.receive()->status == 200);
  CHECK(client.receive()->body == "next");
}

TEST_CASE("body reader: if the handler does not read, the final status is sent and the connection is closed",
          "[http][server]") {
  upload_fixture server;
  server.state.max_read_count = 0;
  auto client = server.connect();
  client.send(head("Content-Length: 4\r\nExpect: 100-continue\r\n"));
  const auto response = client.receive();
  CHECK(response->status == 200);
  CHECK(response->header("Connection") == "close");
  CHECK(client.is_closed_cleanly());
}

TEST_CASE("server: the unread rest of a body is discarded if it is short", "[http][server]") {
  struct row {
    std::string request;
    bool is_kept;
  };
  const auto test_case = GENERATE(values<row>({
      {head("Content-Length: 65536\r\n") + std::string(65'536, 'x'), true},
      {head("Content-Length: 90000\r\n") + std::string(90'000, 'x'), false},
      {head("Transfer-Encoding: chunked\r\n") + to_chunked("abc", 3), true},
      {head("Transfer-Encoding: chunked\r\n") + to_chunked(std::string(50'000, 'x'), 1000), false},
      {head("Transfer-Encoding: chunked\r\n") + "3\r\nabcd", false},
      {"POST /none HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n123456789", true},
      {"POST /none HTTP/1.1\r\nHost: a\r\nContent-Length: 99999\r\n\r\n123456789", false},
  }));
  CAPTURE(test_case.request.substr(0, 80));
  upload_fixture server;
  server.state.max_read_count = 0;
  auto client = server.connect();
  spawned_task<> sender{server.time, send_in_background(client.stream(), test_case.request + get("/next"))};
  const auto response = client.receive();
  CHECK((response->header("Connection") == "close") != test_case.is_kept);
  if (test_case.is_kept) {
    CHECK(client.receive()->body == "next");
  } else {
    CHECK(client.is_closed_cleanly());
  }
  client.stream().close();
  server.time.run_for(2s);
}

TEST_CASE("server: a client that does not send the rest of an unread body is disconnected", "[http][server]") {
  upload_fixture server;
  server.state.max_read_count = 1;
  auto client = server.connect();
  client.send(head("Content-Length: 1000\r\n") + "abc");
  CHECK(client.receive()->status == 200);
  const auto start = server.time.now();
  CHECK(client.is_closed_cleanly());
  CHECK(server.time.now() - start <= 15s);
}

TEST_CASE("body reader: buffers of streamed bodies count against the total limit, but do not fail at the limit",
          "[http][server]") {
  upload_fixture server;
  server.settings.limits.max_total_body_bytes = 1000;
  CHECK(server.response_to(post("/upload", sample(200'000))).status == 200);
  CHECK(server.state.content == sample(200'000));
  CHECK(server.state.max_chunk_size <= 16 * 1024);
}

}  // namespace
}  // namespace cohort
