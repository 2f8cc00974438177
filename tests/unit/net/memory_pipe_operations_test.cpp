// SPDX-License-Identifier: BSL-1.0
#include <boost/asio/error.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/net/memory_pipe_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

TEST_CASE("memory pipe: a link sets arrival times and observes sends, reads and closes", "[net][memory]") {
  virtual_time time;
  link_log log;
  {
    memory_pipe_fixture fixture{time, &log};
    log.latency[0] = 5ms;
    const auto start = time.now();
    CHECK(fixture.client->send("hello") == 5U);
    CHECK(fixture.server->read() == std::string{"hello"});
    CHECK(time.now() - start >= 5ms);
    fixture.client->stream().close();
    CHECK(fixture.server->read().error() == asio::error::eof);
    net::reset_memory_stream(fixture.server->stream());
  }
  CHECK(log.entries == std::vector<std::string>{"0 sent hello", "1 read hello", "0 closed ", "1 reset "});
}

TEST_CASE("memory pipe: bytes keep their order regardless of arrival times", "[net][memory]") {
  virtual_time time;
  link_log log;
  memory_pipe_fixture fixture{time, &log};
  log.latency[0] = 5ms;
  CHECK(fixture.client->send("first ") == 6U);
  log.latency[0] = 1ms;
  CHECK(fixture.client->send("second") == 6U);
  fixture.client->stream().shutdown_write();
  CHECK(fixture.server->read_to_end() == "first second");
}

TEST_CASE("memory pipe: try_write writes up to the free capacity and returns would_block when full", "[net][memory]") {
  virtual_time time;
  memory_pipe_fixture fixture{time, nullptr, 4};
  const auto try_write = [&](std::string_view bytes) {
    return fixture.client->stream().try_write({asio::buffer(bytes), asio::const_buffer{}});
  };
  CHECK(try_write("abcdef") == 4U);
  CHECK(try_write("ef").error() == asio::error::would_block);
  CHECK(fixture.server->read() == std::string{"abcd"});
  CHECK(try_write("ef") == 2U);
  fixture.client->stream().shutdown_write();
  CHECK(try_write("g").error() == asio::error::broken_pipe);
  fixture.client->stream().close();
  CHECK(try_write("g").error() == asio::error::operation_aborted);
}

TEST_CASE("memory pipe: try_write after the deadline sends no bytes", "[net][memory]") {
  virtual_time time;
  memory_pipe_fixture fixture{time};
  time.run(set_deadline(fixture.client->stream(), deadline{time.now()}));
  time.run_for(1ms);
  CHECK(fixture.client->stream().try_write({asio::buffer("x", 1), asio::const_buffer{}}).error() ==
        asio::error::timed_out);
}

TEST_CASE("memory pipe: bytes of try_write complete a pending read", "[net][memory]") {
  virtual_time time;
  memory_pipe_fixture fixture{time};
  spawned_task<result<std::string>> reading{time, read_once(fixture.server->stream())};
  CHECK(fixture.client->stream().try_write({asio::buffer("x", 1), asio::const_buffer{}}) == 1U);
  time.run_for(2ms);
  REQUIRE(reading.ended());
  CHECK(*reading.outcome().value == std::string{"x"});
}

TEST_CASE("memory pipe: an arrival completes a pending read and the write that waits for it", "[net][memory]") {
  virtual_time time;
  memory_pipe_fixture fixture{time, nullptr, 4};
  CHECK(fixture.client->send("full") == 4U);
  spawned_task<net::io_result> pending_write{time, write_once(fixture.client->stream(), "more")};
  spawned_task<result<std::string>> reading{time, read_once(fixture.server->stream())};
  time.run_for(2ms);
  REQUIRE(reading.ended());
  CHECK(*reading.outcome().value == std::string{"full"});
  REQUIRE(pending_write.ended());
  CHECK(*pending_write.outcome().value == 4U);
}

TEST_CASE("memory pipe: a cancelled write leaves the pipe usable", "[net][memory]") {
  virtual_time time;
  memory_pipe_fixture fixture{time, nullptr, 4};
  CHECK(fixture.client->send("full") == 4U);
  spawned_task<net::io_result> pending_write{time, write_once(fixture.client->stream(), "more")};
  pending_write.cancel();
  REQUIRE(pending_write.ended());
  CHECK(fixture.server->read() == std::string{"full"});
  CHECK(fixture.client->send("next") == 4U);
  CHECK(fixture.server->read() == std::string{"next"});
}

TEST_CASE("memory pipe: a cancelled read leaves no timer armed", "[net][memory]") {
  virtual_time time;
  memory_pipe_fixture fixture{time};
  CHECK(fixture.client->send("soon") == 4U);
  spawned_task<result<std::string>> reading{time, read_once(fixture.server->stream())};
  CHECK(time.event_loop().timers().armed_count() == 1);
  reading.cancel();
  CHECK(time.event_loop().timers().armed_count() == 0);
}

TEST_CASE("memory pipe: a closed end is readable", "[net][memory]") {
  virtual_time time;
  memory_pipe_fixture fixture{time};
  fixture.client->stream().close();
  CHECK(fixture.client->stream().is_readable());
}

TEST_CASE("memory pipe: a pending write fails after a reset", "[net][memory]") {
  virtual_time time;
  memory_pipe_fixture fixture{time, nullptr, 4};
  CHECK(fixture.client->send("full") == 4U);
  spawned_task<net::io_result> pending_write{time, write_once(fixture.client->stream(), "more")};
  CHECK_FALSE(pending_write.ended());
  fixture.pipe.kill(1);
  CHECK_FALSE(pending_write.ended());
  time.run_for(2ms);
  REQUIRE(pending_write.ended());
  CHECK(pending_write.outcome().value->error() == asio::error::broken_pipe);
}

TEST_CASE("memory pipe: unwatch_hangup prevents a notification that is already posted", "[net][memory]") {
  virtual_time time;
  memory_pipe_fixture fixture{time};
  fixture.client->stream().close();
  time.run_for(2ms);
  int hangup_count = 0;
  // Both events happen in one step, before the loop runs the posted notification.
  time.run([](net::stream& stream, int* count) -> task<> {
    co_await watch_on_loop(stream, count);
    stream.unwatch_hangup();
  }(fixture.server->stream(), &hangup_count));
  time.run_for(1s);
  CHECK(hangup_count == 0);
}

TEST_CASE("memory pipe: closing an end removes its hangup watch", "[net][memory]") {
  virtual_time time;
  memory_pipe_fixture fixture{time};
  int hangup_count = 0;
  time.run(watch_on_loop(fixture.server->stream(), &hangup_count));
  fixture.server->stream().close();
  fixture.client->stream().close();
  time.run_for(1s);
  CHECK(hangup_count == 0);
}

TEST_CASE("memory pipe: destroying a stream aborts its pending operations", "[net][memory]") {
  virtual_time time;
  memory_pipe_fixture fixture{time, nullptr, 1};
  CHECK(fixture.client->send("x") == 1U);
  spawned_task<result<std::string>> reading{time, read_once(fixture.client->stream())};
  spawned_task<net::io_result> pending_write{time, write_once(fixture.client->stream(), "y")};
  fixture.client.reset();
  time.run_for(0s);
  CHECK(reading.outcome().value->error() == asio::error::operation_aborted);
  CHECK(pending_write.outcome().value->error() == asio::error::operation_aborted);
  time.run_for(1s);
  CHECK(time.event_loop().timers().armed_count() == 0);
}

}  // namespace
}  // namespace cohort
