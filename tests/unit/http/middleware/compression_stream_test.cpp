// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <stdexcept>
#include <vector>

#include <cohort/http/middleware/compression.hpp>
#include <cohort/http/server/content/body_writer.hpp>
#include <cohort/http/server/content/file_response.hpp>
#include "tests/support/temporary_directory.hpp"
#include "tests/unit/http/message/body/content_decoding.hpp"
#include "tests/unit/http/server/server_fixture.hpp"

// Tests of streamed responses with a content coding.
namespace cohort {
namespace {

using namespace cohort::test;

std::string get_encoded(std::string_view path, std::string_view coding) {
  return get(path, "Accept-Encoding: " + std::string{coding} + "\r\n");
}

std::string_view supported_coding() {
  const std::string_view coding = GENERATE("gzip", "br");
  if (coding == "br" && !http::is_supported(http::content_coding::brotli)) SKIP("built without brotli");
  return coding;
}

/// Writes the text in chunks of this size.
task<> write_in_chunks(body_writer& writer, std::string text, std::size_t part) {
  for (std::string_view rest = text; !rest.empty(); rest.remove_prefix(std::min(part, rest.size()))) {
    std::string chunk{rest.substr(0, part)};
    auto write_task = writer.write(std::move(chunk));
    if (!co_await std::move(write_task)) co_return;
  }
}

auto stream_handler(std::string text, std::size_t part, std::optional<std::uint64_t> length = std::nullopt) {
  return [=](request_context&) {
    const auto producer = [=](body_writer& writer) { return write_in_chunks(writer, text, part); };
    return http::response{}.stream(producer, "text/plain", length);
  };
}

/// Returns the content of the chunks that have arrived.
std::string received_content(std::string_view bytes) {
  std::string content;
  bytes.remove_prefix(bytes.find("\r\n\r\n") + 4);
  while (!bytes.empty()) {
    std::size_t digits = 0;
    const auto size = std::stoul(std::string{bytes.substr(0, 16)}, &digits, 16);
    content += bytes.substr(digits + 2, size);
    bytes.remove_prefix(std::min(bytes.size(), digits + 2 + size + 2));
  }
  return content;
}

bool has_last_chunk(std::string_view bytes) { return bytes.ends_with("\r\n0\r\n\r\n"); }

TEST_CASE("compression: a streamed body is encoded correctly for writes and reads of any size", "[http][middleware]") {
  const auto coding = supported_coding();
  const std::size_t part = GENERATE(7, 1000, 65'536, 300'000);
  const std::size_t read_size = GENERATE(3, 65'536);
  const bool has_length = GENERATE(true, false);
  const std::size_t size = read_size == 3 ? 5'000 : 400'000;
  CAPTURE(coding, part, read_size, has_length);
  server_fixture server{max_read_size(read_size)};
  const auto text = compressible_text(size);
  server.routes.use(http::compression());
  server.routes.get("/", stream_handler(text, part, has_length ? std::optional{text.size()} : std::nullopt));
  auto client = server.connect();
  for (int i = 0; i < 2; ++i) {
    client.send(get_encoded("/", coding));
    const auto response = client.receive();
    REQUIRE(response.has_value());
    CHECK(response->header("Content-Encoding") == coding);
    CHECK(response->header("Transfer-Encoding") == "chunked");
    CHECK_FALSE(response->header("Content-Length").has_value());
    CHECK(response->body.size() < size / 2);
    const auto decode_result = decode(coding, response->body);
    CHECK(decode_result.is_complete);
    CHECK(decode_result.text == text);
  }
}

TEST_CASE("compression: a long body in memory is encoded while it is sent", "[http][middleware]") {
  const auto coding = supported_coding();
  server_fixture server;
  const auto text = compressible_text(1'000'000);
  server.routes.use(http::compression());
  server.routes.get("/", text_handler(text));
  const auto response = server.response_to(get_encoded("/", coding));
  CHECK(response.header("Transfer-Encoding") == "chunked");
  CHECK(decode(coding, response.body).text == text);
}

TEST_CASE("compression: a file is encoded, but not a range of a file", "[http][middleware]") {
  const auto coding = supported_coding();
  server_fixture server;
  temporary_directory directory;
  const auto text = compressible_text(300'000);
  const auto path = directory.write("data.txt", text);
  server.routes.use(http::compression());
  server.routes.get("/", [&](request_context& context) { return http::file_response(context, path, {}); });
  const auto full_response = server.response_to(get_encoded("/", coding));
  CHECK(full_response.header("Content-Encoding") == coding);
  CHECK(full_response.header("ETag")->starts_with("W/\""));
  CHECK_FALSE(full_response.header("Accept-Ranges").has_value());
  CHECK(decode(coding, full_response.body).text == text);

  const auto fields = "Accept-Encoding: " + std::string{coding} + "\r\nRange: bytes=10-19\r\n";
  const auto range = server.response_to(get("/", fields));
  CHECK(range.status == 206);
  CHECK(range.body == text.substr(10, 10));
  CHECK_FALSE(range.header("Content-Encoding").has_value());
  // If-Range requires a strong tag, because the client could otherwise combine different representations.
  const auto combined_response =
      server.response_to(get("/", fields + "If-Range: " + *full_response.header("ETag") + "\r\n"));
  CHECK(combined_response.status == 200);
  CHECK(server.response_to(get("/", "If-None-Match: " + *full_response.header("ETag") + "\r\n")).status == 304);
}

TEST_CASE("compression: HTTP/1.0 receives the encoded body until the connection closes", "[http][middleware]") {
  server_fixture server;
  const auto text = compressible_text(50'000);
  server.routes.use(http::compression());
  server.routes.get("/", stream_handler(text, 1000));
  const auto response = server.response_to("GET / HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n");
  const auto decode_result = decode("gzip", response.body);
  CHECK(decode_result.is_complete);
  CHECK(decode_result.text == text);
}

// ---- time of sending

task<> write_and_pause(body_writer& writer) {
  for (const auto* part : {"one,", "two,", "three"}) {
    co_await writer.write(part);
    co_await writer.pause(1s);
  }
}

task<> write_and_sleep(body_writer& writer) {
  for (const auto* part : {"one,", "two,", "three"}) {
    co_await writer.write(part);
    co_await sleep_for(1s);
  }
}

TEST_CASE("compression: a pause and each event flush the encoder; the output of other writes may be buffered",
          "[http][middleware]") {
  struct row {
    task<> (*producer)(body_writer&);
    std::string_view type;
    std::string_view text_after_500_ms;
  };
  const auto row = GENERATE(values<struct row>({{write_and_pause, "text/plain", "one,"},
                                                {write_and_sleep, "text/event-stream", "one,"},
                                                {write_and_sleep, "text/plain", ""}}));
  const auto coding = supported_coding();
  CAPTURE(coding, row.type, row.text_after_500_ms);
  server_fixture server;
  http::compression_settings settings;
  settings.media_types.emplace_back("text/event-stream");
  server.routes.use(http::compression(settings));
  server.routes.get("/", [&](request_context&) { return http::response{}.stream(row.producer, row.type); });
  auto client = server.connect();
  client.send(get_encoded("/", coding));
  server.time.run_for(500ms);
  std::string bytes;
  while (client.stream().is_readable()) bytes += *client.read();
  CHECK(decode(coding, received_content(bytes)).text == row.text_after_500_ms);
  while (!has_last_chunk(bytes)) bytes += *client.read();
  const auto decode_result = decode(coding, received_content(bytes));
  CHECK(decode_result.is_complete);
  CHECK(decode_result.text == "one,two,three");
}

TEST_CASE("compression: a client that does not read blocks the producer, and is disconnected at the write timeout",
          "[http][middleware]") {
  net::memory_pipe_settings pipe;
  pipe.capacity = 4096;
  server_fixture server{pipe};
  std::size_t written = 0;
  const auto write_endlessly = [](body_writer& writer, std::size_t* count) -> task<> {
    for (bool ok = true; ok; *count += 10'000) {
      std::string chunk = incompressible_text(10'000, static_cast<unsigned>(*count));
      auto write_task = writer.write(std::move(chunk));
      ok = co_await std::move(write_task);
    }
  };
  server.routes.use(http::compression());
  server.routes.get("/", [&](request_context&) {
    return http::response{}.stream([&](body_writer& writer) { return write_endlessly(writer, &written); },
                                   "text/plain");
  });
  auto client = server.connect();
  client.send(get_encoded("/", "gzip"));
  server.time.run_for(5s);
  // Only the pipe, the window of the encoder and one chunk can be buffered.
  CHECK(written < 200'000);
  server.time.run_for(120s);
  CHECK(server.metric_value("cohort_server_connections") == 0);
}

task<> count_iterations(const bool* has_ended, std::size_t* iteration_count) {
  while (!*has_ended) {
    co_await asio::post(loop::current().get_executor(), asio::deferred);
    ++*iteration_count;
  }
}

/// Writes `text` with an encoder. Returns the number of times that another task of the loop ran before the write
/// completed.
task<std::size_t> write_encoded(body_writer& writer, std::string text) {
  bool has_ended = false;
  std::size_t iteration_count = 0;
  std::shared_ptr<http::content_encoder> encoder = http::make_content_encoder({});
  writer.encode_with(std::move(encoder), std::nullopt, false);
  asio::co_spawn(loop::current().get_executor(), count_iterations(&has_ended, &iteration_count), asio::detached);
  auto write_task = writer.write(std::move(text));
  co_await std::move(write_task);
  has_ended = true;
  // The other task must end before the variables that it uses are destroyed.
  co_await asio::post(loop::current().get_executor(), asio::deferred);
  co_return iteration_count;
}

TEST_CASE("compression: other handlers of the loop run after every 64 KiB of input", "[http][middleware]") {
  virtual_time time;
  net::memory_pipe_settings pipe;
  pipe.capacity = 64 * 1024 * 1024;
  connected_peers peers{time, pipe};
  event drain_event;
  body_writer writer{peers.client.stream(), body_writer::framing::chunked, http::server_limits{}, drain_event};
  CHECK(time.run(write_encoded(writer, compressible_text(64UL * 64 * 1024))) >= 60);
}

// ---- truncated bodies

task<> write_and_throw(body_writer& writer) {
  co_await writer.write(compressible_text(50'000));
  throw std::runtime_error("secret");
}
task<> write_and_abort(body_writer& writer) {
  co_await writer.write(compressible_text(50'000));
  writer.abort();
}
task<> write_until_drain(body_writer& writer) {
  while (!writer.draining()) {
    co_await writer.write(compressible_text(50'000));
    co_await writer.pause(1s);
  }
}

TEST_CASE("compression: a truncated body lacks the end of its framing and of its content coding",
          "[http][middleware][case-6.3]") {
  struct row {
    std::string_view name;
    task<> (*producer)(body_writer&);
    std::optional<std::uint64_t> length;
  };
  const auto row = GENERATE(values<struct row>({{"throws", write_and_throw, {}},
                                                {"aborts", write_and_abort, {}},
                                                {"stops at the drain", write_until_drain, {}},
                                                {"too short", write_and_pause, 1'000'000}}));
  const auto coding = supported_coding();
  const bool is_http_1_0 = GENERATE(false, true);
  CAPTURE(row.name, coding, is_http_1_0);
  server_fixture server;
  server.routes.use(http::compression());
  server.routes.get("/",
                    [&](request_context&) { return http::response{}.stream(row.producer, "text/plain", row.length); });
  auto client = server.connect();
  client.send(is_http_1_0 ? "GET / HTTP/1.0\r\nAccept-Encoding: " + std::string{coding} + "\r\n\r\n"
                          : get_encoded("/", coding));
  server.time.run_for(500ms);
  if (row.producer == write_until_drain) server.begin_drain(10s);
  const auto bytes = client.read_to_end();
  CHECK(bytes.find("secret") == std::string::npos);
  if (is_http_1_0) {
    CHECK(client.last_error() == asio::error::connection_reset);
  } else {
    CHECK_FALSE(has_last_chunk(bytes));
    CHECK_FALSE(decode(coding, received_content(bytes)).is_complete);
  }
}

TEST_CASE("compression: bytes beyond the content length of the producer are not sent", "[http][middleware]") {
  server_fixture server;
  server.routes.use(http::compression());
  server.routes.get("/", stream_handler(std::string(3000, 'x'), 1500, 2000));
  auto client = server.connect();
  client.send(get_encoded("/", "gzip"));
  const auto bytes = client.read_to_end();
  CHECK_FALSE(has_last_chunk(bytes));
}

// ---- limits

TEST_CASE("compression: bodies beyond the maximum number of streams are sent unencoded", "[http][middleware]") {
  server_fixture server;
  http::compression_settings settings;
  settings.max_streams = 1;
  server.routes.use(http::compression(settings));
  server.routes.get("/", [](request_context&) { return http::response{}.stream(write_and_pause, "text/plain"); });
  auto first = server.connect();
  auto second = server.connect();
  first.send(get_encoded("/", "gzip"));
  server.time.run_for(500ms);
  second.send(get_encoded("/", "gzip"));
  const auto plain = second.receive();
  CHECK_FALSE(plain->header("Content-Encoding").has_value());
  CHECK(plain->header("Vary") == "Accept-Encoding");
  CHECK(plain->body == "one,two,three");
  CHECK(decode("gzip", first.receive()->body).text == "one,two,three");
  // The stream of the first response has ended.
  second.send(get_encoded("/", "gzip"));
  CHECK(second.receive()->header("Content-Encoding") == "gzip");
}

}  // namespace
}  // namespace cohort
