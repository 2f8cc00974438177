#include <boost/asio/error.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "core/net/memory_network.hpp"
#include "tests/unit/core/net/peer.hpp"
#include "tests/unit/core/runtime/tasks.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

deadline in(virtual_time& time, duration span) { return deadline::after(time.now(), span); }

TEST_CASE("What one end of a memory pipe writes, the other reads, both ways and after the latency") {
  virtual_time time;
  net::memory_pipe_settings how;
  how.latency = 5ms;
  two_peers pipe{time, how};
  const auto start = time.now();

  CHECK(pipe.near.send("question") == 8U);
  CHECK(time.now() == start);
  CHECK(pipe.far.read() == std::string{"question"});
  CHECK(time.now() - start >= 5ms);
  CHECK(time.now() - start <= 5ms + tick);
  CHECK(pipe.far.send("answer") == 6U);
  CHECK(pipe.near.read() == std::string{"answer"});
}

TEST_CASE("A memory pipe gives no more at once than it was told to") {
  virtual_time time;
  net::memory_pipe_settings how;
  how.largest_read = 2;
  two_peers pipe{time, how};
  CHECK(pipe.near.send("abcde") == 5U);
  CHECK(pipe.far.read() == std::string{"ab"});
  CHECK(pipe.far.read() == std::string{"cd"});
  CHECK(pipe.far.read() == std::string{"e"});
}

TEST_CASE("The ends of a memory pipe know each other's address") {
  virtual_time time;
  two_peers pipe{time};
  CHECK(pipe.near.stream().peer_address() == "192.0.2.2");
  CHECK(pipe.far.stream().peer_address() == "192.0.2.1");
}

TEST_CASE("A full pipe takes what fits; the next write waits for the reader") {
  virtual_time time;
  net::memory_pipe_settings how;
  how.capacity = 4;
  two_peers pipe{time, how};
  CHECK(time.run(write_once(pipe.near.stream(), "abcdef")) == 4U);

  lone_task<net::io_result> writing{time, write_once(pipe.near.stream(), "ef")};
  CHECK_FALSE(writing.ended());
  CHECK(pipe.far.read() == std::string{"abcd"});
  time.run_for(0s);
  REQUIRE(writing.ended());
  CHECK(*writing.outcome().value == 2U);
  CHECK(pipe.far.read() == std::string{"ef"});
}

task<net::io_result> write_two(net::stream& to, std::string first, std::string second) {
  const net::const_buffers pieces{asio::buffer(first), asio::buffer(second)};
  co_return co_await net::write_all(to, pieces);
}

TEST_CASE("write_all sends both pieces whole, however little goes at a time") {
  virtual_time time;
  net::memory_pipe_settings how;
  how.capacity = 3;
  two_peers pipe{time, how};
  lone_task<net::io_result> writing{time, write_two(pipe.near.stream(), "abcd", "efgh")};
  std::string all;
  while (all.size() < 8) {
    const auto got = pipe.far.read();
    REQUIRE(got.has_value());
    all += *got;
  }
  CHECK(all == "abcdefgh");
  time.run_for(0s);
  REQUIRE(writing.ended());
  CHECK(*writing.outcome().value == 8U);
}

TEST_CASE("write_all ends with the first error") {
  virtual_time time;
  net::memory_pipe_settings how;
  how.capacity = 3;
  two_peers pipe{time, how};
  lone_task<net::io_result> writing{time, write_two(pipe.near.stream(), "abcd", "efgh")};
  pipe.far.stream().close();
  time.run_for(0s);
  REQUIRE(writing.ended());
  CHECK(writing.outcome().value->error() == asio::error::broken_pipe);
}

TEST_CASE("A read that nothing comes for ends at the deadline, and not before") {
  virtual_time time;
  two_peers pipe{time};
  const auto start = time.now();
  pipe.near.stream().set_deadline(in(time, 100ms));
  CHECK(pipe.near.read().error() == asio::error::timed_out);
  CHECK(time.now() - start >= 100ms);
  CHECK(time.now() - start <= 100ms + tick);
}

TEST_CASE("A deadline set while a read is under way is that read's") {
  virtual_time time;
  two_peers pipe{time};
  lone_task<result<std::string>> reading{time, read_once(pipe.near.stream())};
  pipe.near.stream().set_deadline(in(time, 50ms));
  time.run_for(60ms);
  REQUIRE(reading.ended());
  CHECK(reading.outcome().value->error() == asio::error::timed_out);
}

TEST_CASE("Once the deadline has passed nothing goes any more, until another one is set") {
  virtual_time time;
  two_peers pipe{time};
  pipe.near.stream().set_deadline(in(time, 10ms));
  time.run_for(20ms);
  CHECK(pipe.far.send("late") == 4U);
  CHECK(pipe.near.read().error() == asio::error::timed_out);
  CHECK(pipe.near.send("x").error() == asio::error::timed_out);

  SECTION("a later one") { pipe.near.stream().set_deadline(in(time, 10ms)); }
  SECTION("none at all") { pipe.near.stream().set_deadline(deadline::never()); }
  CHECK(pipe.near.read() == std::string{"late"});
  CHECK(pipe.near.send("x") == 1U);
}

TEST_CASE("A deadline also ends a write that the peer does not take") {
  virtual_time time;
  net::memory_pipe_settings how;
  how.capacity = 2;
  two_peers pipe{time, how};
  pipe.near.stream().set_deadline(in(time, 1s));
  CHECK(pipe.near.send("abcd").error() == asio::error::timed_out);
}

TEST_CASE("A cancelled read ends with operation_aborted and leaves the stream usable") {
  virtual_time time;
  two_peers pipe{time};
  lone_task<result<std::string>> reading{time, read_once(pipe.near.stream())};
  reading.cancel();
  REQUIRE(reading.ended());
  const auto& outcome = reading.outcome();
  CHECK((reading.ended_by_cancellation() || outcome.value->error() == asio::error::operation_aborted));
  CHECK(pipe.far.send("still here") == 10U);
  CHECK(pipe.near.read() == std::string{"still here"});
}

TEST_CASE("Half a pipe may close: the other direction goes on") {
  virtual_time time;
  two_peers pipe{time};
  CHECK(pipe.near.send("last words") == 10U);
  pipe.near.stream().shutdown_write();
  CHECK(pipe.near.send("more").error() == asio::error::broken_pipe);
  CHECK(pipe.far.read() == std::string{"last words"});
  CHECK(pipe.far.read().error() == asio::error::eof);
  CHECK(pipe.far.send("understood") == 10U);
  CHECK(pipe.near.read() == std::string{"understood"});
}

TEST_CASE("A closed end aborts its own reads and refuses its peer's writes") {
  virtual_time time;
  two_peers pipe{time};
  lone_task<result<std::string>> reading{time, read_once(pipe.near.stream())};
  pipe.near.stream().close();
  time.run_for(0s);
  REQUIRE(reading.ended());
  CHECK(reading.outcome().value->error() == asio::error::operation_aborted);
  CHECK(pipe.far.read().error() == asio::error::eof);
  CHECK(pipe.far.send("anybody?").error() == asio::error::broken_pipe);
}

TEST_CASE("A reset comes after what was written before it") {
  virtual_time time;
  net::memory_pipe_settings how;
  how.latency = GENERATE(duration{0}, duration{3ms});
  two_peers pipe{time, how};
  CHECK(pipe.near.send("half a mess") == 11U);
  net::reset_memory_stream(pipe.near.stream());
  CHECK(pipe.far.read() == std::string{"half a mess"});
  CHECK(pipe.far.read().error() == asio::error::connection_reset);
  CHECK(pipe.far.send("?").error() == asio::error::broken_pipe);
}

TEST_CASE("readable says whether a read would wait") {
  virtual_time time;
  net::memory_pipe_settings how;
  how.latency = 1ms;
  two_peers pipe{time, how};
  auto& far = pipe.far.stream();
  CHECK_FALSE(far.readable());

  SECTION("bytes, once they have arrived") {
    CHECK(pipe.near.send("x") == 1U);
    CHECK_FALSE(far.readable());
    time.run_for(2ms);
    CHECK(far.readable());
    CHECK(pipe.far.read() == std::string{"x"});
    CHECK_FALSE(far.readable());
  }
  SECTION("the end") {
    pipe.near.stream().close();
    CHECK_FALSE(far.readable());
    time.run_for(2ms);
    CHECK(far.readable());
  }
  SECTION("a reset") {
    net::reset_memory_stream(pipe.near.stream());
    time.run_for(2ms);
    CHECK(far.readable());
  }
}

task<> watch_here(net::stream& which, int* hangups) {
  which.watch_hangup([hangups] { ++*hangups; });
  co_return;
}

TEST_CASE("A watch hears of the peer's hang-up, once, and of nothing else") {
  virtual_time time;
  two_peers pipe{time};
  auto& far = pipe.far.stream();
  int hangups = 0;
  time.run(watch_here(far, &hangups));
  time.run_for(1s);
  CHECK(hangups == 0);

  SECTION("it closes") {
    pipe.near.stream().close();
    time.run_for(1s);
    CHECK(hangups == 1);
  }
  SECTION("it half-closes, which looks the same") {
    pipe.near.stream().shutdown_write();
    time.run_for(1s);
    CHECK(hangups == 1);
  }
  SECTION("it resets") {
    net::reset_memory_stream(pipe.near.stream());
    time.run_for(1s);
    CHECK(hangups == 1);
  }
  SECTION("it sends") {
    CHECK(pipe.near.send("pipelined") == 9U);
    time.run_for(1s);
    CHECK(hangups == 0);
  }
  SECTION("the stream's own deadline is none of its business") {
    far.set_deadline(in(time, 10ms));
    time.run_for(1s);
    CHECK(hangups == 0);
    pipe.near.stream().close();
    time.run_for(1s);
    CHECK(hangups == 1);
  }
  SECTION("nobody watches any more") {
    far.unwatch_hangup();
    pipe.near.stream().close();
    time.run_for(1s);
    CHECK(hangups == 0);
    CHECK(pipe.far.read().error() == asio::error::eof);
  }
  SECTION("the watched end closes") {
    far.close();
    time.run_for(1s);
    CHECK(hangups == 0);
  }
}

TEST_CASE("A stream may go while its loop stands still, and leaves no timer") {
  virtual_time time;
  {
    two_peers pipe{time};
    pipe.near.stream().set_deadline(in(time, 1h));
  }
  time.run_for(0s);
  CHECK(time.main_loop().timers().armed_count() == 0);
}

}  // namespace
}  // namespace cohort
