// SPDX-License-Identifier: BSL-1.0
#include <boost/asio/error.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/net/memory_pipe_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

TEST_CASE("memory pipe: closing with unread data sends a reset, as TCP does", "[net][memory]") {
  virtual_time time;
  memory_pipe_fixture fixture{time};
  CHECK(fixture.client->send("question") == 8U);
  CHECK(fixture.server->send("answer") == 6U);
  time.run_for(2ms);
  fixture.server->stream().close();
  CHECK(fixture.client->read() == std::string{"answer"});
  CHECK(fixture.client->read().error() == asio::error::connection_reset);
}

TEST_CASE("memory pipe: data that reaches a closed end causes a reset after the return latency", "[net][memory]") {
  virtual_time time;
  memory_pipe_fixture fixture{time};
  SECTION("the data was sent before the FIN arrived") {
    fixture.server->stream().close();
    CHECK(fixture.client->send("late") == 4U);
  }
  SECTION("the data was sent after the FIN arrived") {
    fixture.server->stream().close();
    time.run_for(2ms);
    CHECK(fixture.client->send("late") == 4U);
  }
  CHECK(fixture.client->read().error() == asio::error::eof);
  CHECK(fixture.client->send("still not known") == 15U);
  time.run_for(3ms);
  CHECK(fixture.client->send("known now").error() == asio::error::broken_pipe);
}

TEST_CASE("memory pipe: data in flight when the receiver closes causes a reset", "[net][memory]") {
  virtual_time time;
  memory_pipe_fixture fixture{time};
  CHECK(fixture.client->send("late") == 4U);
  fixture.server->stream().close();
  CHECK(fixture.client->read().error() == asio::error::eof);
  time.run_for(2ms);
  CHECK(fixture.client->send("known by now").error() == asio::error::broken_pipe);
}

TEST_CASE("memory pipe: data for a closed end does not use capacity", "[net][memory]") {
  virtual_time time;
  memory_pipe_fixture fixture{time, nullptr, 4};
  fixture.server->stream().close();
  CHECK(fixture.client->send("abcd") == 4U);
  CHECK(fixture.client->send("efgh") == 4U);
}

TEST_CASE("memory pipe: a reset does not overtake data sent before it", "[net][memory]") {
  virtual_time time;
  link_log log;
  memory_pipe_fixture fixture{time, &log};
  log.latency[1] = 10ms;
  CHECK(fixture.server->send("answer") == 6U);
  fixture.server->stream().close();
  log.latency[1] = 1ms;
  CHECK(fixture.client->send("late") == 4U);
  time.run_for(5ms);
  CHECK(fixture.client->read() == std::string{"answer"});
}

TEST_CASE("memory pipe: a held direction also delays resets caused by data", "[net][memory]") {
  virtual_time time;
  memory_pipe_fixture fixture{time};
  fixture.server->stream().close();
  CHECK(fixture.client->read().error() == asio::error::eof);
  fixture.pipe.hold(1);
  CHECK(fixture.client->send("late") == 4U);
  time.run_for(1min);
  CHECK(fixture.client->send("not known") == 9U);
  fixture.pipe.release(1);
  time.run_for(2ms);
  CHECK(fixture.client->send("known").error() == asio::error::broken_pipe);
}

TEST_CASE("memory pipe: hold delays a FIN or reset in flight", "[net][memory]") {
  virtual_time time;
  memory_pipe_fixture fixture{time};
  const bool is_reset = GENERATE(false, true);
  if (is_reset) {
    net::reset_memory_stream(fixture.client->stream());
  } else {
    fixture.client->stream().close();
  }
  fixture.pipe.hold(0);
  CHECK(next_read_error(time, *fixture.server) == asio::error::timed_out);
  fixture.pipe.release(0);
  CHECK(next_read_error(time, *fixture.server) ==
        (is_reset ? error_code{asio::error::connection_reset} : error_code{asio::error::eof}));
}

TEST_CASE("memory pipe: a reset persists after later events", "[net][memory]") {
  virtual_time time;
  memory_pipe_fixture fixture{time};
  CHECK(fixture.client->send("never arrives") == 13U);
  fixture.client->stream().shutdown_write();
  fixture.pipe.reset();
  time.run_for(5ms);
  CHECK(fixture.server->read().error() == asio::error::connection_reset);

  net::reset_memory_stream(fixture.server->stream());
  const auto now = time.now();
  CHECK(fixture.client->read().error() == asio::error::connection_reset);
  CHECK(time.now() == now);
}

TEST_CASE("memory pipe: reset ends both sides immediately and discards data in flight", "[net][memory]") {
  virtual_time time;
  memory_pipe_fixture fixture{time};
  CHECK(fixture.client->send("never arrives") == 13U);
  spawned_task<result<std::string>> reading{time, read_once(fixture.client->stream())};
  fixture.pipe.reset();
  time.run_for(0s);
  REQUIRE(reading.ended());
  CHECK(reading.outcome().value->error() == asio::error::connection_reset);
  CHECK(fixture.server->read().error() == asio::error::connection_reset);
  CHECK(fixture.server->send("?").error() == asio::error::broken_pipe);
}

TEST_CASE("memory pipe: kill aborts local reads, and the peer reads earlier data, then a reset", "[net][memory]") {
  virtual_time time;
  memory_pipe_fixture fixture{time};
  CHECK(fixture.server->send("partial res") == 11U);
  spawned_task<result<std::string>> reading{time, read_once(fixture.server->stream())};
  fixture.pipe.kill(1);
  time.run_for(0s);
  REQUIRE(reading.ended());
  CHECK(reading.outcome().value->error() == asio::error::operation_aborted);
  CHECK(fixture.client->read() == std::string{"partial res"});
  CHECK(fixture.client->read().error() == asio::error::connection_reset);
}

TEST_CASE("memory pipe: reset_after resets both ends after the given number of bytes", "[net][memory]") {
  virtual_time time;
  memory_pipe_fixture fixture{time};
  CHECK(fixture.server->send("before") == 6U);
  fixture.pipe.reset_after(1, 4);
  CHECK(fixture.server->send("an") == 2U);
  CHECK(fixture.client->send("the other direction is not affected") == 35U);
  CHECK(fixture.server->send(GENERATE(std::string{"sw"}, std::string{"swer"})).has_value());
  CHECK(fixture.client->read_to_end() == "beforeansw");
  CHECK(fixture.client->last_error() == asio::error::connection_reset);
  CHECK(fixture.server->read() == std::string{"the other direction is not affected"});
  CHECK(fixture.server->read().error() == asio::error::connection_reset);
}

TEST_CASE("memory pipe: a held direction delivers no data until its release, and then all data", "[net][memory]") {
  virtual_time time;
  memory_pipe_fixture fixture{time, nullptr, 8};
  CHECK(fixture.client->send("ab") == 2U);
  fixture.pipe.hold(0);
  CHECK(fixture.client->send("cd") == 2U);
  CHECK(time.run(write_once(fixture.client->stream(), "efghij")) == 4U);
  CHECK(next_read_error(time, *fixture.server) == asio::error::timed_out);
  time.run(set_deadline(fixture.server->stream(), deadline::never()));
  CHECK(fixture.client->stream().try_write({asio::buffer("x", 1), asio::const_buffer{}}).error() ==
        asio::error::would_block);
  CHECK(fixture.server->stream().try_write({asio::buffer("x", 1), asio::const_buffer{}}) == 1U);
  CHECK(fixture.client->read() == std::string{"x"});

  fixture.client->stream().close();
  time.run_for(1min);
  fixture.pipe.release(0);
  const auto release_time = time.now();
  CHECK(fixture.server->read_to_end() == "abcdefgh");
  CHECK(fixture.server->last_error() == asio::error::eof);
  CHECK(time.now() - release_time >= 1ms);
}

TEST_CASE("memory pipe: a held reset arrives after the release", "[net][memory]") {
  virtual_time time;
  memory_pipe_fixture fixture{time};
  fixture.pipe.hold(0);
  net::reset_memory_stream(fixture.client->stream());
  CHECK(next_read_error(time, *fixture.server) == asio::error::timed_out);
  fixture.pipe.release(0);
  CHECK(next_read_error(time, *fixture.server) == asio::error::connection_reset);
}

TEST_CASE("memory pipe: a powered-off host sends no data; after release, data for it causes a reset", "[net][memory]") {
  virtual_time time;
  memory_pipe_fixture fixture{time};
  CHECK(fixture.server->send("lost in transit") == 15U);
  fixture.pipe.power_off(1);
  CHECK(fixture.server->send("x").error() == asio::error::operation_aborted);
  CHECK(next_read_error(time, *fixture.client) == asio::error::timed_out);
  time.run(set_deadline(fixture.client->stream(), deadline::never()));

  SECTION("data is sent while the host is off") {
    CHECK(fixture.client->send("too late") == 8U);
    fixture.pipe.release(0);
    fixture.pipe.release(1);
  }
  SECTION("data is sent after the release") {
    fixture.pipe.release(0);
    fixture.pipe.release(1);
    CHECK(fixture.client->read() == std::string{"lost in transit"});
    CHECK(next_read_error(time, *fixture.client) == asio::error::timed_out);
    time.run(set_deadline(fixture.client->stream(), deadline::never()));
    CHECK(fixture.client->send("too late") == 8U);
  }
  fixture.client->read_to_end();
  CHECK(fixture.client->last_error() == asio::error::connection_reset);
}

TEST_CASE("memory pipe: a host powered off with unread data sends no reset after the release", "[net][memory]") {
  virtual_time time;
  memory_pipe_fixture fixture{time};
  CHECK(fixture.client->send("never read") == 10U);
  time.run_for(2ms);
  fixture.pipe.power_off(1);
  fixture.pipe.release(0);
  fixture.pipe.release(1);
  CHECK(next_read_error(time, *fixture.client) == asio::error::timed_out);
}

}  // namespace
}  // namespace cohort
