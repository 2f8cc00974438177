// SPDX-License-Identifier: BSL-1.0
#include <boost/asio/error.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cohort/net/memory/memory_network.hpp>
#include "tests/unit/net/peer.hpp"
#include "tests/unit/runtime/task_fixtures.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

deadline deadline_in(virtual_time& time, duration time_left) { return deadline::after(time.now(), time_left); }

TEST_CASE("memory pipe: bytes are transferred in both directions after the latency", "[net][memory]") {
  virtual_time time;
  net::memory_pipe_settings settings;
  settings.latency = 5ms;
  connected_peers pipe{time, settings};
  const auto start = time.now();

  CHECK(pipe.client.send("question") == 8U);
  CHECK(time.now() == start);
  CHECK(pipe.server.read() == std::string{"question"});
  CHECK(time.now() - start >= 5ms);
  CHECK(time.now() - start <= 5ms + tick);
  CHECK(pipe.server.send("answer") == 6U);
  CHECK(pipe.client.read() == std::string{"answer"});
}

TEST_CASE("memory pipe: a read returns at most max_read_size bytes", "[net][memory]") {
  virtual_time time;
  net::memory_pipe_settings settings;
  settings.max_read_size = 2;
  connected_peers pipe{time, settings};
  CHECK(pipe.client.send("abcde") == 5U);
  CHECK(pipe.server.read() == std::string{"ab"});
  CHECK(pipe.server.read() == std::string{"cd"});
  CHECK(pipe.server.read() == std::string{"e"});
}

TEST_CASE("memory pipe: each end has the address of its peer", "[net][memory]") {
  virtual_time time;
  connected_peers pipe{time};
  CHECK(pipe.client.stream().peer_address() == "192.0.2.2");
  CHECK(pipe.server.stream().peer_address() == "192.0.2.1");
}

TEST_CASE("memory pipe: a write fills the free capacity, and the next write waits for the reader", "[net][memory]") {
  virtual_time time;
  net::memory_pipe_settings settings;
  settings.capacity = 4;
  connected_peers pipe{time, settings};
  CHECK(time.run(write_once(pipe.client.stream(), "abcdef")) == 4U);

  spawned_task<net::io_result> pending_write{time, write_once(pipe.client.stream(), "ef")};
  CHECK_FALSE(pending_write.ended());
  CHECK(pipe.server.read() == std::string{"abcd"});
  time.run_for(0s);
  REQUIRE(pending_write.ended());
  CHECK(*pending_write.outcome().value == 2U);
  CHECK(pipe.server.read() == std::string{"ef"});
}

task<net::io_result> write_two_buffers(net::stream& destination, std::string first, std::string second) {
  const net::const_buffers buffers{asio::buffer(first), asio::buffer(second)};
  co_return co_await net::write_all(destination, buffers);
}

TEST_CASE("stream: write_all writes both buffers completely by partial writes", "[net][memory]") {
  virtual_time time;
  net::memory_pipe_settings settings;
  settings.capacity = 3;
  connected_peers pipe{time, settings};
  spawned_task<net::io_result> pending_write{time, write_two_buffers(pipe.client.stream(), "abcd", "efgh")};
  std::string received_bytes;
  while (received_bytes.size() < 8) {
    const auto bytes = pipe.server.read();
    REQUIRE(bytes.has_value());
    received_bytes += *bytes;
  }
  CHECK(received_bytes == "abcdefgh");
  time.run_for(0s);
  REQUIRE(pending_write.ended());
  CHECK(*pending_write.outcome().value == 8U);
}

TEST_CASE("stream: write_all returns the first error", "[net][memory]") {
  virtual_time time;
  net::memory_pipe_settings settings;
  settings.capacity = 3;
  connected_peers pipe{time, settings};
  spawned_task<net::io_result> pending_write{time, write_two_buffers(pipe.client.stream(), "abcd", "efgh")};
  pipe.server.stream().close();
  time.run_for(0s);
  REQUIRE(pending_write.ended());
  CHECK(pending_write.outcome().value->error() == asio::error::broken_pipe);
}

TEST_CASE("memory pipe: a read without data times out at the deadline, and not before", "[net][memory]") {
  virtual_time time;
  connected_peers pipe{time};
  const auto start = time.now();
  pipe.client.stream().set_deadline(deadline_in(time, 100ms));
  CHECK(pipe.client.read().error() == asio::error::timed_out);
  CHECK(time.now() - start >= 100ms);
  CHECK(time.now() - start <= 100ms + tick);
}

TEST_CASE("memory pipe: a deadline applies to a pending read", "[net][memory]") {
  virtual_time time;
  connected_peers pipe{time};
  spawned_task<result<std::string>> reading{time, read_once(pipe.client.stream())};
  pipe.client.stream().set_deadline(deadline_in(time, 50ms));
  time.run_for(60ms);
  REQUIRE(reading.ended());
  CHECK(reading.outcome().value->error() == asio::error::timed_out);
}

TEST_CASE("memory pipe: reads and writes fail after the deadline until another deadline is set", "[net][memory]") {
  virtual_time time;
  connected_peers pipe{time};
  pipe.client.stream().set_deadline(deadline_in(time, 10ms));
  time.run_for(20ms);
  CHECK(pipe.server.send("late") == 4U);
  CHECK(pipe.client.read().error() == asio::error::timed_out);
  CHECK(pipe.client.send("x").error() == asio::error::timed_out);

  SECTION("a later deadline") { pipe.client.stream().set_deadline(deadline_in(time, 10ms)); }
  SECTION("no deadline") { pipe.client.stream().set_deadline(deadline::never()); }
  CHECK(pipe.client.read() == std::string{"late"});
  CHECK(pipe.client.send("x") == 1U);
}

TEST_CASE("memory pipe: a write that the peer does not read times out at the deadline", "[net][memory]") {
  virtual_time time;
  net::memory_pipe_settings settings;
  settings.capacity = 2;
  connected_peers pipe{time, settings};
  pipe.client.stream().set_deadline(deadline_in(time, 1s));
  CHECK(pipe.client.send("abcd").error() == asio::error::timed_out);
}

TEST_CASE("memory pipe: a cancelled read fails with operation_aborted and leaves the stream usable", "[net][memory]") {
  virtual_time time;
  connected_peers pipe{time};
  spawned_task<result<std::string>> reading{time, read_once(pipe.client.stream())};
  reading.cancel();
  REQUIRE(reading.ended());
  const auto& outcome = reading.outcome();
  CHECK((reading.ended_by_cancellation() || outcome.value->error() == asio::error::operation_aborted));
  CHECK(pipe.server.send("still here") == 10U);
  CHECK(pipe.client.read() == std::string{"still here"});
}

TEST_CASE("memory pipe: after shutdown_write the other direction stays open", "[net][memory]") {
  virtual_time time;
  connected_peers pipe{time};
  CHECK(pipe.client.send("last bytes") == 10U);
  pipe.client.stream().shutdown_write();
  CHECK(pipe.client.send("more").error() == asio::error::broken_pipe);
  CHECK(pipe.server.read() == std::string{"last bytes"});
  CHECK(pipe.server.read().error() == asio::error::eof);
  CHECK(pipe.server.send("response") == 8U);
  CHECK(pipe.client.read() == std::string{"response"});
}

TEST_CASE("memory pipe: closing an end aborts its reads and rejects the peer's writes", "[net][memory]") {
  virtual_time time;
  connected_peers pipe{time};
  spawned_task<result<std::string>> reading{time, read_once(pipe.client.stream())};
  pipe.client.stream().close();
  time.run_for(0s);
  REQUIRE(reading.ended());
  CHECK(reading.outcome().value->error() == asio::error::operation_aborted);
  CHECK(pipe.server.read().error() == asio::error::eof);
  CHECK(pipe.server.send("too late").error() == asio::error::broken_pipe);
}

TEST_CASE("memory pipe: a reset arrives after the data written before it", "[net][memory]") {
  virtual_time time;
  net::memory_pipe_settings settings;
  settings.latency = GENERATE(duration{0}, duration{3ms});
  connected_peers pipe{time, settings};
  CHECK(pipe.client.send("half a mess") == 11U);
  net::reset_memory_stream(pipe.client.stream());
  CHECK(pipe.server.read() == std::string{"half a mess"});
  CHECK(pipe.server.read().error() == asio::error::connection_reset);
  CHECK(pipe.server.send("?").error() == asio::error::broken_pipe);
}

TEST_CASE("memory pipe: readable is true if a read would not wait", "[net][memory]") {
  virtual_time time;
  net::memory_pipe_settings settings;
  settings.latency = 1ms;
  connected_peers pipe{time, settings};
  auto& server = pipe.server.stream();
  CHECK_FALSE(server.is_readable());

  SECTION("the bytes have arrived") {
    CHECK(pipe.client.send("x") == 1U);
    CHECK_FALSE(server.is_readable());
    time.run_for(2ms);
    CHECK(server.is_readable());
    CHECK(pipe.server.read() == std::string{"x"});
    CHECK_FALSE(server.is_readable());
  }
  SECTION("end of stream") {
    pipe.client.stream().close();
    CHECK_FALSE(server.is_readable());
    time.run_for(2ms);
    CHECK(server.is_readable());
  }
  SECTION("a reset") {
    net::reset_memory_stream(pipe.client.stream());
    time.run_for(2ms);
    CHECK(server.is_readable());
  }
}

TEST_CASE("memory pipe: the hangup watch is notified once, and only when the peer closes", "[net][memory]") {
  virtual_time time;
  connected_peers pipe{time};
  auto& server = pipe.server.stream();
  int hangup_count = 0;
  time.run(watch_on_loop(server, &hangup_count));
  time.run_for(1s);
  CHECK(hangup_count == 0);

  SECTION("the peer closes") {
    pipe.client.stream().close();
    time.run_for(1s);
    CHECK(hangup_count == 1);
  }
  SECTION("the peer shuts down its sending direction") {
    pipe.client.stream().shutdown_write();
    time.run_for(1s);
    CHECK(hangup_count == 1);
  }
  SECTION("the peer resets") {
    net::reset_memory_stream(pipe.client.stream());
    time.run_for(1s);
    CHECK(hangup_count == 1);
  }
  SECTION("the peer sends data") {
    CHECK(pipe.client.send("pipelined") == 9U);
    time.run_for(1s);
    CHECK(hangup_count == 0);
  }
  SECTION("the stream's deadline expires") {
    server.set_deadline(deadline_in(time, 10ms));
    time.run_for(1s);
    CHECK(hangup_count == 0);
    pipe.client.stream().close();
    time.run_for(1s);
    CHECK(hangup_count == 1);
  }
  SECTION("the watch was removed") {
    server.unwatch_hangup();
    pipe.client.stream().close();
    time.run_for(1s);
    CHECK(hangup_count == 0);
    CHECK(pipe.server.read().error() == asio::error::eof);
  }
  SECTION("the watched end closes") {
    server.close();
    time.run_for(1s);
    CHECK(hangup_count == 0);
  }
}

TEST_CASE("memory pipe: destroying a stream disarms its timers", "[net][memory]") {
  virtual_time time;
  {
    connected_peers pipe{time};
    pipe.client.stream().set_deadline(deadline_in(time, 1h));
  }
  time.run_for(0s);
  CHECK(time.event_loop().timers().armed_count() == 0);
}

}  // namespace
}  // namespace cohort
