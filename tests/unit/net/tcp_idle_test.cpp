// SPDX-License-Identifier: BSL-1.0
#include <cohort/net/system/tcp.hpp>

#include <boost/asio/error.hpp>
#include <catch2/catch_test_macros.hpp>

#include <cohort/runtime/concurrency/with_deadline.hpp>
#include "tests/unit/net/loopback.hpp"

// Tests of a TCP stream that is idle between two messages, and of the exchange that follows.
namespace cohort {

namespace {

using namespace cohort::test;

task<net::io_result> read_byte(net::stream& stream, char& byte) {
  auto read_task = stream.read_some(asio::buffer(&byte, 1));
  co_return co_await std::move(read_task);
}

TEST_CASE("tcp: an idle stream becomes readable when bytes or the end of the stream arrive, and returns them",
          "[net][tcp]") {
  real_time_fixture time;
  auto streams = time.run(connect_streams());
  streams.client->set_deadline(time.long_deadline());
  CHECK(time.run(write_bytes(*streams.server, "response")) == 8U);
  CHECK(time.run(read_once(*streams.client)) == std::string{"response"});
  streams.client->watch_idle();
  time.run(sleep_task(time.short_deadline()));
  CHECK_FALSE(streams.client->is_readable());
  SECTION("no bytes arrive, and the next exchange succeeds") {
    for (int i = 0; i < 3; ++i) {
      CHECK(time.run(write_bytes(*streams.client, "request")) == 7U);
      CHECK(time.run(read_once(*streams.server)) == std::string{"request"});
      CHECK(time.run(write_bytes(*streams.server, "response")) == 8U);
      CHECK(time.run(read_once(*streams.client)) == std::string{"response"});
      streams.client->watch_idle();
      CHECK_FALSE(streams.client->is_readable());
    }
  }
  SECTION("the peer sends bytes without a request") {
    CHECK(time.run(write_bytes(*streams.server, "x")) == 1U);
    time.run(sleep_task(time.short_deadline()));
    CHECK(streams.client->is_readable());
    CHECK(time.run(read_once(*streams.client)) == std::string{"x"});
  }
  SECTION("the peer closes the idle connection") {
    streams.server.reset();
    time.run(sleep_task(time.short_deadline()));
    CHECK(streams.client->is_readable());
    CHECK(time.run(read_once(*streams.client)).error() == asio::error::eof);
  }
  SECTION("the stream is destroyed while idle") {
    streams.client.reset();
    time.run(sleep_task(time.short_deadline()));
    CHECK(time.run(read_once(*streams.server)).error() == asio::error::eof);
  }
}

TEST_CASE("tcp: a read after an idle period can fail", "[net][tcp]") {
  // `child` and `byte` outlive the loop, which destroys the coroutine of a pending read.
  detail::child_task<net::io_result> child;
  char byte = 0;
  real_time_fixture time;
  auto streams = time.run(connect_streams());
  streams.client->set_deadline(time.long_deadline());
  CHECK(time.run(write_bytes(*streams.server, "response")) == 8U);
  CHECK(time.run(read_once(*streams.client)) == std::string{"response"});
  streams.client->watch_idle();
  CHECK(time.run(write_bytes(*streams.client, "request")) == 7U);
  SECTION("the deadline of the stream expires") {
    streams.client->set_deadline(time.short_deadline());
    CHECK(time.run(read_once(*streams.client)).error() == asio::error::timed_out);
  }
  SECTION("the read is cancelled") {
    const auto cancelled = time.run(with_deadline(time.short_deadline(), read_once(*streams.client)));
    CHECK(cancelled.error() == asio::error::timed_out);
  }
  SECTION("the peer closes the connection during the read") {
    streams.server.reset();
    // The request was not read, so the peer sends a reset.
    CHECK(time.run(read_once(*streams.client)).error() == asio::error::connection_reset);
    return;
  }
  SECTION("the loop is destroyed") {
    asio::post(time.event_loop().get_executor(),
               [&] { detail::start_child_task(child, read_byte(*streams.client, byte), [] {}); });
    CHECK(time.run(sleep_task(time.short_deadline())) == wait_status::timed_out);
    return;
  }
  streams.client->set_deadline(time.long_deadline());
  CHECK(time.run(write_bytes(*streams.server, "late")) == 4U);
  CHECK(time.run(read_once(*streams.client)) == std::string{"late"});
}

}  // namespace
}  // namespace cohort
