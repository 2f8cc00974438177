// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>

#include <cohort/net/tls/tls_stream.hpp>
#include <cohort/runtime/concurrency/when_all.hpp>
#include "tests/unit/net/tls/handshake_fixture.hpp"

// Tests of the streams of client and server after the handshake.
namespace cohort {
namespace {

using namespace cohort::test;
using namespace std::chrono_literals;

task<std::string> read_bytes(net::stream& source, std::size_t size) {
  std::string received_bytes;
  while (received_bytes.size() < size) {
    auto read_task = read_once(source);
    const auto bytes = co_await std::move(read_task);
    if (!bytes) break;
    received_bytes += *bytes;
  }
  co_return received_bytes;
}

std::string numbered_lines(std::size_t size) {
  std::string text;
  for (int i = 0; text.size() < size; ++i) text += std::to_string(i) + "\n";
  return text;
}

TEST_CASE("tls: bytes are transferred in both directions over a stream that accepts partial records", "[net][tls]") {
  tls_server_fixture fixture;
  net::memory_pipe_settings small_pipe;
  small_pipe.latency = 1ms;
  small_pipe.capacity = GENERATE(as<std::size_t>{}, 700, 5000, 17'000);
  small_pipe.max_read_size = 900;
  auto connection = fixture.connect({}, small_pipe);
  REQUIRE(connection.client.has_value());
  auto& client = **connection.client;
  auto& server = *connection.server.stream;
  const auto question = numbered_lines(100'000);
  const auto answer = numbered_lines(40'000);
  auto transfer = when_all(write_bytes(client, question), read_bytes(server, question.size()),
                           write_bytes(server, answer), read_bytes(client, answer.size()));
  const auto results = fixture.time.run(std::move(transfer));
  CHECK(std::get<0>(results) == question.size());
  CHECK((std::get<1>(results) == question));
  CHECK(std::get<2>(results) == answer.size());
  CHECK((std::get<3>(results) == answer));
}

TEST_CASE(
    "tls: try_write encrypts and sends without waiting, and keeps the unsent bytes of a record for the next write",
    "[net][tls]") {
  tls_server_fixture fixture;
  net::memory_pipe_settings small_pipe;
  small_pipe.capacity = 5000;
  auto connection = fixture.connect({}, small_pipe);
  REQUIRE(connection.client.has_value());
  auto& client = **connection.client;
  peer server{fixture.time, std::move(connection.server.stream)};
  const auto try_write = [&](std::string_view bytes) {
    return client.try_write({asio::buffer(bytes), asio::const_buffer{}});
  };
  CHECK(try_write("message") == 7U);
  CHECK(server.read().value() == "message");
  const auto text = numbered_lines(12'000);
  REQUIRE(try_write(text) == text.size() - 1);
  CHECK(try_write(text.substr(text.size() - 1)).error() == asio::error::would_block);
  auto transfer = when_all(write_bytes(client, text.substr(text.size() - 1) + "more"),
                           read_bytes(server.stream(), text.size() + 4));
  const auto results = fixture.time.run(std::move(transfer));
  CHECK((std::get<1>(results) == text + "more"));
}

/// Starts a hangup watch, during which the deadline of an earlier read passes.
task<> watch_hangup(net::stream& stream, int& hangup_count) {
  stream.set_deadline(deadline::after(loop::current().now(), 5s));
  stream.watch_hangup([&hangup_count] { ++hangup_count; });
  co_return;
}

task<> unwatch_hangup(net::stream& stream) {
  stream.unwatch_hangup();
  co_return;
}

TEST_CASE("tls stream: a hangup watch reports close_notify once, although the underlying stream receives other bytes",
          "[net][tls]") {
  tls_server_fixture fixture;
  auto connection = fixture.connect();
  REQUIRE(connection.client.has_value());
  int hangup_count = 0;
  fixture.time.run(watch_hangup(*connection.server.stream, hangup_count));
  fixture.time.run_for(20s);
  CHECK(hangup_count == 0);
  (*connection.client)->shutdown_write();
  fixture.time.run_for(1s);
  CHECK(hangup_count == 1);
  fixture.time.run(unwatch_hangup(*connection.server.stream));
  peer server{fixture.time, std::move(connection.server.stream)};
  CHECK(server.is_closed_cleanly());
}

TEST_CASE("tls stream: bytes that arrive during a hangup watch are read afterwards, in order", "[net][tls]") {
  tls_server_fixture fixture;
  auto connection = fixture.connect();
  REQUIRE(connection.client.has_value());
  int hangup_count = 0;
  peer client{fixture.time, std::move(*connection.client)};
  auto* const stream = connection.server.stream.get();
  peer server{fixture.time, std::move(connection.server.stream)};
  fixture.time.run(watch_hangup(*stream, hangup_count));
  client.send("next request");
  fixture.time.run_for(1s);
  CHECK(stream->is_readable());
  fixture.time.run(unwatch_hangup(*stream));
  client.stream().shutdown_write();
  CHECK(server.read_to_end() == "next request");
  CHECK(hangup_count == 0);
}

TEST_CASE("tls stream: a read after a hangup watch returns the next bytes, and a new watch can be started",
          "[net][tls]") {
  tls_server_fixture fixture;
  auto connection = fixture.connect();
  REQUIRE(connection.client.has_value());
  int hangup_count = 0;
  peer client{fixture.time, std::move(*connection.client)};
  auto* const stream = connection.server.stream.get();
  peer server{fixture.time, std::move(connection.server.stream)};
  for (int i = 0; i < 3; ++i) {
    fixture.time.run(watch_hangup(*stream, hangup_count));
    fixture.time.run(unwatch_hangup(*stream));
    client.send("request");
    CHECK(server.read().value() == "request");
    server.send("response");
    CHECK(client.read().value() == "response");
  }
  fixture.time.run(watch_hangup(*stream, hangup_count));
  fixture.time.run(unwatch_hangup(*stream));
  fixture.time.run(watch_hangup(*stream, hangup_count));
  client.stream().close();
  fixture.time.run_for(1s);
  CHECK(hangup_count == 1);
}

TEST_CASE("tls stream: a stream can be destroyed during a hangup watch", "[net][tls]") {
  tls_server_fixture fixture;
  auto connection = fixture.connect();
  REQUIRE(connection.client.has_value());
  int hangup_count = 0;
  fixture.time.run(watch_hangup(*connection.server.stream, hangup_count));
  connection.server.stream.reset();
  fixture.time.run_for(1s);
  CHECK(hangup_count == 0);
  peer client{fixture.time, std::move(*connection.client)};
  CHECK(client.read().has_error());
}

task<> close_from_client(handshake_pair& connection) {
  auto& client = **connection.client;
  auto& server = *connection.server.stream;
  client.shutdown_write();
  CHECK((co_await read_once(server)).error() == asio::error::eof);
  server.close();
  CHECK((co_await read_once(client)).error() == asio::error::eof);
}

TEST_CASE("tls stream: close responds to the peer's close_notify", "[net][tls]") {
  tls_server_fixture fixture;
  auto connection = fixture.connect();
  REQUIRE(connection.client.has_value());
  fixture.time.run(close_from_client(connection));
  auto& client = dynamic_cast<net::tls_stream&>(**connection.client);
  CHECK((SSL_get_shutdown(client.native_handle()) & SSL_RECEIVED_SHUTDOWN) != 0);
}

task<> close_from_server(handshake_pair& connection) {
  connection.server.stream->close();
  CHECK((co_await read_once(**connection.client)).error() == asio::error::eof);
}

TEST_CASE("tls stream: close without the peer's close_notify sends no close_notify", "[net][tls]") {
  tls_server_fixture fixture;
  auto connection = fixture.connect();
  REQUIRE(connection.client.has_value());
  fixture.time.run(close_from_server(connection));
  auto& client = dynamic_cast<net::tls_stream&>(**connection.client);
  CHECK((SSL_get_shutdown(client.native_handle()) & SSL_RECEIVED_SHUTDOWN) == 0);
}

}  // namespace
}  // namespace cohort
