// SPDX-License-Identifier: BSL-1.0
#include <boost/asio/error.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cohort/net/memory/memory_pipe.hpp>
#include "tests/unit/net/peer.hpp"
#include "tests/unit/runtime/task_fixtures.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

struct link_log {
  std::vector<std::string> entries;
  duration latency[2] = {1ms, 1ms};
};

class logging_link final : public net::memory_link {
 public:
  logging_link(link_log& log, const virtual_time& time) : log_(log), time_(time) {}
  time_point arrival_time(net::pipe_side sender, std::size_t) override { return time_.now() + log_.latency[sender]; }
  void on_sent(net::pipe_side sender, std::string_view bytes) override { add(sender, "sent", bytes); }
  void on_read(net::pipe_side reader, std::string_view bytes) override { add(reader, "read", bytes); }
  void on_closed(net::pipe_side side, bool reset) override { add(side, reset ? "reset" : "closed", ""); }

 private:
  void add(net::pipe_side side, const std::string& event, std::string_view bytes) {
    log_.entries.push_back(std::to_string(side) + " " + event + " " + std::string{bytes});
  }
  link_log& log_;
  const virtual_time& time_;
};

/// A memory pipe with a latency of 1 ms, and both of its ends.
struct memory_pipe_fixture {
  explicit memory_pipe_fixture(virtual_time& clock, link_log* log = nullptr, std::size_t capacity = 1024)
      : time(clock), pipe(time.run(make(time, log, capacity))) {
    client.emplace(time, pipe.make_stream(0, "10.0.0.2"));
    server.emplace(time, pipe.make_stream(1, "10.0.0.1"));
  }
  static task<net::memory_pipe> make(virtual_time& time, link_log* log, std::size_t capacity) {
    net::memory_pipe_settings settings;
    settings.latency = 1ms;
    settings.capacity = capacity;
    co_return net::memory_pipe{settings, log ? std::make_shared<logging_link>(*log, time) : nullptr};
  }

  virtual_time& time;
  net::memory_pipe pipe;
  std::optional<peer> client;
  std::optional<peer> server;
};

task<> set_deadline(net::stream& stream, deadline stream_deadline) {
  stream.set_deadline(stream_deadline);
  co_return;
}

/// The error of the next read, with a timeout of one second.
error_code next_read_error(virtual_time& time, peer& reader) {
  time.run(set_deadline(reader.stream(), deadline::after(time.now(), 1s)));
  return reader.read().error();
}

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

TEST_CASE("memory pipe: try_write after the deadline sends nothing", "[net][memory]") {
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
  SECTION("sent before the FIN arrived") {
    fixture.server->stream().close();
    CHECK(fixture.client->send("late") == 4U);
  }
  SECTION("sent after the FIN arrived") {
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

TEST_CASE("memory pipe: an arrival completes a pending read and the write that waits for it", "[net][memory]") {
  virtual_time time;
  memory_pipe_fixture fixture{time, nullptr, 4};
  CHECK(fixture.client->send("full") == 4U);
  spawned_task<net::io_result> writing{time, write_once(fixture.client->stream(), "more")};
  spawned_task<result<std::string>> reading{time, read_once(fixture.server->stream())};
  time.run_for(2ms);
  REQUIRE(reading.ended());
  CHECK(*reading.outcome().value == std::string{"full"});
  REQUIRE(writing.ended());
  CHECK(*writing.outcome().value == 4U);
}

TEST_CASE("memory pipe: a cancelled write leaves the pipe usable", "[net][memory]") {
  virtual_time time;
  memory_pipe_fixture fixture{time, nullptr, 4};
  CHECK(fixture.client->send("full") == 4U);
  spawned_task<net::io_result> writing{time, write_once(fixture.client->stream(), "more")};
  writing.cancel();
  REQUIRE(writing.ended());
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
  CHECK(fixture.client->stream().readable());
}

TEST_CASE("memory pipe: a reset ends a pending write", "[net][memory]") {
  virtual_time time;
  memory_pipe_fixture fixture{time, nullptr, 4};
  CHECK(fixture.client->send("full") == 4U);
  spawned_task<net::io_result> writing{time, write_once(fixture.client->stream(), "more")};
  CHECK_FALSE(writing.ended());
  fixture.pipe.kill(1);
  CHECK_FALSE(writing.ended());
  time.run_for(2ms);
  REQUIRE(writing.ended());
  CHECK(writing.outcome().value->error() == asio::error::broken_pipe);
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

TEST_CASE("memory pipe: a held direction delivers nothing until its release, then everything", "[net][memory]") {
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
  const auto released = time.now();
  CHECK(fixture.server->read_to_end() == "abcdefgh");
  CHECK(fixture.server->last_error() == asio::error::eof);
  CHECK(time.now() - released >= 1ms);
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

TEST_CASE("memory pipe: a powered-off host sends nothing; after release, data for it causes a reset", "[net][memory]") {
  virtual_time time;
  memory_pipe_fixture fixture{time};
  CHECK(fixture.server->send("lost on the way") == 15U);
  fixture.pipe.power_off(1);
  CHECK(fixture.server->send("x").error() == asio::error::operation_aborted);
  CHECK(next_read_error(time, *fixture.client) == asio::error::timed_out);
  time.run(set_deadline(fixture.client->stream(), deadline::never()));

  SECTION("sent while the host was off") {
    CHECK(fixture.client->send("too late") == 8U);
    fixture.pipe.release(0);
    fixture.pipe.release(1);
  }
  SECTION("sent after the release") {
    fixture.pipe.release(0);
    fixture.pipe.release(1);
    CHECK(fixture.client->read() == std::string{"lost on the way"});
    CHECK(next_read_error(time, *fixture.client) == asio::error::timed_out);
    time.run(set_deadline(fixture.client->stream(), deadline::never()));
    CHECK(fixture.client->send("too late") == 8U);
  }
  fixture.client->read_to_end();
  CHECK(fixture.client->last_error() == asio::error::connection_reset);
}

TEST_CASE("memory pipe: a host powered off with unread data sends no reset after release", "[net][memory]") {
  virtual_time time;
  memory_pipe_fixture fixture{time};
  CHECK(fixture.client->send("never read") == 10U);
  time.run_for(2ms);
  fixture.pipe.power_off(1);
  fixture.pipe.release(0);
  fixture.pipe.release(1);
  CHECK(next_read_error(time, *fixture.client) == asio::error::timed_out);
}

TEST_CASE("memory pipe: unwatch_hangup prevents a notification that is already posted", "[net][memory]") {
  virtual_time time;
  memory_pipe_fixture fixture{time};
  fixture.client->stream().close();
  time.run_for(2ms);
  int hangups = 0;
  // Both happen in one step, before the loop runs the posted notification.
  time.run([](net::stream& stream, int* count) -> task<> {
    co_await watch_on_loop(stream, count);
    stream.unwatch_hangup();
  }(fixture.server->stream(), &hangups));
  time.run_for(1s);
  CHECK(hangups == 0);
}

TEST_CASE("memory pipe: closing an end removes its hang-up watch", "[net][memory]") {
  virtual_time time;
  memory_pipe_fixture fixture{time};
  int hangups = 0;
  time.run(watch_on_loop(fixture.server->stream(), &hangups));
  fixture.server->stream().close();
  fixture.client->stream().close();
  time.run_for(1s);
  CHECK(hangups == 0);
}

TEST_CASE("memory pipe: destroying a stream aborts its pending operations", "[net][memory]") {
  virtual_time time;
  memory_pipe_fixture fixture{time, nullptr, 1};
  CHECK(fixture.client->send("x") == 1U);
  spawned_task<result<std::string>> reading{time, read_once(fixture.client->stream())};
  spawned_task<net::io_result> writing{time, write_once(fixture.client->stream(), "y")};
  fixture.client.reset();
  time.run_for(0s);
  CHECK(reading.outcome().value->error() == asio::error::operation_aborted);
  CHECK(writing.outcome().value->error() == asio::error::operation_aborted);
  time.run_for(1s);
  CHECK(time.event_loop().timers().armed_count() == 0);
}

}  // namespace
}  // namespace cohort
