#include <boost/asio/error.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "core/net/memory_pipe.hpp"
#include "tests/unit/core/net/peer.hpp"
#include "tests/unit/core/runtime/tasks.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

struct line_log {
  std::vector<std::string> entries;
  duration latency[2] = {1ms, 1ms};
};

class logged_line final : public net::memory_line {
 public:
  logged_line(line_log& log, const virtual_time& time) : log_(log), time_(time) {}
  time_point arrival(net::pipe_side from, std::size_t) override { return time_.now() + log_.latency[from]; }
  void on_sent(net::pipe_side from, std::string_view bytes) override { add(from, "sent", bytes); }
  void on_read(net::pipe_side by, std::string_view bytes) override { add(by, "read", bytes); }
  void on_closed(net::pipe_side by, bool reset) override { add(by, reset ? "reset" : "closed", ""); }

 private:
  void add(net::pipe_side side, const std::string& what, std::string_view bytes) {
    log_.entries.push_back(std::to_string(side) + " " + what + " " + std::string{bytes});
  }
  line_log& log_;
  const virtual_time& time_;
};

/// A pipe of 1 ms each way, with both its ends in the test's hand.
struct faulty_pipe {
  explicit faulty_pipe(virtual_time& clock, line_log* log = nullptr, std::size_t capacity = 1024)
      : time(clock), pipe(time.run(make(time, log, capacity))) {
    near.emplace(time, pipe.make_end(0, "10.0.0.2"));
    far.emplace(time, pipe.make_end(1, "10.0.0.1"));
  }
  static task<net::memory_pipe> make(virtual_time& time, line_log* log, std::size_t capacity) {
    net::memory_pipe_settings how;
    how.latency = 1ms;
    how.capacity = capacity;
    co_return net::memory_pipe{how, log ? std::make_shared<logged_line>(*log, time) : nullptr};
  }

  virtual_time& time;
  net::memory_pipe pipe;
  std::optional<peer> near;
  std::optional<peer> far;
};

task<> set_limit(net::stream& which, deadline until) {
  which.set_deadline(until);
  co_return;
}

/// What the next read ends with, if that is within a second.
error_code read_error(virtual_time& time, peer& at) {
  time.run(set_limit(at.stream(), deadline::after(time.now(), 1s)));
  return at.read().error();
}

TEST_CASE("A line decides when bytes arrive, and sees them sent, read and the ends go") {
  virtual_time time;
  line_log log;
  {
    faulty_pipe both{time, &log};
    log.latency[0] = 5ms;
    const auto start = time.now();
    CHECK(both.near->send("hello") == 5U);
    CHECK(both.far->read() == std::string{"hello"});
    CHECK(time.now() - start >= 5ms);
    both.near->stream().close();
    CHECK(both.far->read().error() == asio::error::eof);
    net::reset_memory_stream(both.far->stream());
  }
  CHECK(log.entries == std::vector<std::string>{"0 sent hello", "1 read hello", "0 closed ", "1 reset "});
}

TEST_CASE("Bytes keep their order however a line delays them") {
  virtual_time time;
  line_log log;
  faulty_pipe both{time, &log};
  log.latency[0] = 5ms;
  CHECK(both.near->send("first ") == 6U);
  log.latency[0] = 1ms;
  CHECK(both.near->send("second") == 6U);
  both.near->stream().shutdown_write();
  CHECK(both.far->read_to_end() == "first second");
}

TEST_CASE("try_write takes what there is room for, and says so when there is none") {
  virtual_time time;
  faulty_pipe both{time, nullptr, 4};
  const auto try_now = [&](std::string_view bytes) {
    return both.near->stream().try_write({asio::buffer(bytes), asio::const_buffer{}});
  };
  CHECK(try_now("abcdef") == 4U);
  CHECK(try_now("ef").error() == asio::error::would_block);
  CHECK(both.far->read() == std::string{"abcd"});
  CHECK(try_now("ef") == 2U);
  both.near->stream().shutdown_write();
  CHECK(try_now("g").error() == asio::error::broken_pipe);
  both.near->stream().close();
  CHECK(try_now("g").error() == asio::error::operation_aborted);
}

TEST_CASE("try_write past the deadline sends nothing") {
  virtual_time time;
  faulty_pipe both{time};
  time.run(set_limit(both.near->stream(), deadline{time.now()}));
  time.run_for(1ms);
  CHECK(both.near->stream().try_write({asio::buffer("x", 1), asio::const_buffer{}}).error() == asio::error::timed_out);
}

TEST_CASE("A reader that waits hears of bytes that try_write sends") {
  virtual_time time;
  faulty_pipe both{time};
  lone_task<result<std::string>> reading{time, read_once(both.far->stream())};
  CHECK(both.near->stream().try_write({asio::buffer("x", 1), asio::const_buffer{}}) == 1U);
  time.run_for(2ms);
  REQUIRE(reading.ended());
  CHECK(*reading.outcome().value == std::string{"x"});
}

TEST_CASE("Who closes with bytes unread resets its peer, as TCP does") {
  virtual_time time;
  faulty_pipe both{time};
  CHECK(both.near->send("question") == 8U);
  CHECK(both.far->send("answer") == 6U);
  time.run_for(2ms);
  both.far->stream().close();
  CHECK(both.near->read() == std::string{"answer"});
  CHECK(both.near->read().error() == asio::error::connection_reset);
}

TEST_CASE("Bytes that reach a closed end are answered by a reset, a way back later") {
  virtual_time time;
  faulty_pipe both{time};
  SECTION("sent after it, before the news came") {
    both.far->stream().close();
    CHECK(both.near->send("late") == 4U);
  }
  SECTION("sent after the news came, which only said that nothing more would") {
    both.far->stream().close();
    time.run_for(2ms);
    CHECK(both.near->send("late") == 4U);
  }
  CHECK(both.near->read().error() == asio::error::eof);
  CHECK(both.near->send("still not known") == 15U);
  time.run_for(3ms);
  CHECK(both.near->send("known now").error() == asio::error::broken_pipe);
}

TEST_CASE("Bytes that were on their way when their reader closed are answered by a reset") {
  virtual_time time;
  faulty_pipe both{time};
  CHECK(both.near->send("late") == 4U);
  both.far->stream().close();
  CHECK(both.near->read().error() == asio::error::eof);
  time.run_for(2ms);
  CHECK(both.near->send("known by now").error() == asio::error::broken_pipe);
}

TEST_CASE("Bytes that nobody will read do not fill the pipe") {
  virtual_time time;
  faulty_pipe both{time, nullptr, 4};
  both.far->stream().close();
  CHECK(both.near->send("abcd") == 4U);
  CHECK(both.near->send("efgh") == 4U);
}

TEST_CASE("A reset that answers bytes does not overtake what was sent before it") {
  virtual_time time;
  line_log log;
  faulty_pipe both{time, &log};
  log.latency[1] = 10ms;
  CHECK(both.far->send("answer") == 6U);
  both.far->stream().close();
  log.latency[1] = 1ms;
  CHECK(both.near->send("late") == 4U);
  time.run_for(5ms);
  CHECK(both.near->read() == std::string{"answer"});
}

TEST_CASE("A reset that answers bytes is held back like all else") {
  virtual_time time;
  faulty_pipe both{time};
  both.far->stream().close();
  CHECK(both.near->read().error() == asio::error::eof);
  both.pipe.hold(1);
  CHECK(both.near->send("late") == 4U);
  time.run_for(1min);
  CHECK(both.near->send("not known") == 9U);
  both.pipe.release(1);
  time.run_for(2ms);
  CHECK(both.near->send("known").error() == asio::error::broken_pipe);
}

TEST_CASE("An end or a reset that is on its way can be held back as well") {
  virtual_time time;
  faulty_pipe both{time};
  const bool by_reset = GENERATE(false, true);
  if (by_reset) {
    net::reset_memory_stream(both.near->stream());
  } else {
    both.near->stream().close();
  }
  both.pipe.hold(0);
  CHECK(read_error(time, *both.far) == asio::error::timed_out);
  both.pipe.release(0);
  CHECK(read_error(time, *both.far) ==
        (by_reset ? error_code{asio::error::connection_reset} : error_code{asio::error::eof}));
}

TEST_CASE("A reset stays what it is, whatever was on the way or comes after it") {
  virtual_time time;
  faulty_pipe both{time};
  CHECK(both.near->send("never arrives") == 13U);
  both.near->stream().shutdown_write();
  both.pipe.reset();
  time.run_for(5ms);
  CHECK(both.far->read().error() == asio::error::connection_reset);

  net::reset_memory_stream(both.far->stream());
  const auto now = time.now();
  CHECK(both.near->read().error() == asio::error::connection_reset);
  CHECK(time.now() == now);
}

TEST_CASE("A reader and a writer that wait for each other go on as bytes arrive") {
  virtual_time time;
  faulty_pipe both{time, nullptr, 4};
  CHECK(both.near->send("full") == 4U);
  lone_task<net::io_result> writing{time, write_once(both.near->stream(), "more")};
  lone_task<result<std::string>> reading{time, read_once(both.far->stream())};
  time.run_for(2ms);
  REQUIRE(reading.ended());
  CHECK(*reading.outcome().value == std::string{"full"});
  REQUIRE(writing.ended());
  CHECK(*writing.outcome().value == 4U);
}

TEST_CASE("A write that waits can be cancelled, and the pipe is as good as before") {
  virtual_time time;
  faulty_pipe both{time, nullptr, 4};
  CHECK(both.near->send("full") == 4U);
  lone_task<net::io_result> writing{time, write_once(both.near->stream(), "more")};
  writing.cancel();
  REQUIRE(writing.ended());
  CHECK(both.far->read() == std::string{"full"});
  CHECK(both.near->send("next") == 4U);
  CHECK(both.far->read() == std::string{"next"});
}

TEST_CASE("Who has stopped waiting for bytes has no timer for them") {
  virtual_time time;
  faulty_pipe both{time};
  CHECK(both.near->send("soon") == 4U);
  lone_task<result<std::string>> reading{time, read_once(both.far->stream())};
  CHECK(time.main_loop().timers().armed_count() == 1);
  reading.cancel();
  CHECK(time.main_loop().timers().armed_count() == 0);
}

TEST_CASE("A closed end would not make a reader wait") {
  virtual_time time;
  faulty_pipe both{time};
  both.near->stream().close();
  CHECK(both.near->stream().readable());
}

TEST_CASE("A write that waits for room ends once the reset is there") {
  virtual_time time;
  faulty_pipe both{time, nullptr, 4};
  CHECK(both.near->send("full") == 4U);
  lone_task<net::io_result> writing{time, write_once(both.near->stream(), "more")};
  CHECK_FALSE(writing.ended());
  both.pipe.kill(1);
  CHECK_FALSE(writing.ended());
  time.run_for(2ms);
  REQUIRE(writing.ended());
  CHECK(writing.outcome().value->error() == asio::error::broken_pipe);
}

TEST_CASE("A connection that is reset breaks at both ends at once, and what was on the way is lost") {
  virtual_time time;
  faulty_pipe both{time};
  CHECK(both.near->send("never arrives") == 13U);
  lone_task<result<std::string>> reading{time, read_once(both.near->stream())};
  both.pipe.reset();
  time.run_for(0s);
  REQUIRE(reading.ended());
  CHECK(reading.outcome().value->error() == asio::error::connection_reset);
  CHECK(both.far->read().error() == asio::error::connection_reset);
  CHECK(both.far->send("?").error() == asio::error::broken_pipe);
}

TEST_CASE("A killed end aborts its own reads; its peer gets what was sent before, then a reset") {
  virtual_time time;
  faulty_pipe both{time};
  CHECK(both.far->send("half an ans") == 11U);
  lone_task<result<std::string>> reading{time, read_once(both.far->stream())};
  both.pipe.kill(1);
  time.run_for(0s);
  REQUIRE(reading.ended());
  CHECK(reading.outcome().value->error() == asio::error::operation_aborted);
  CHECK(both.near->read() == std::string{"half an ans"});
  CHECK(both.near->read().error() == asio::error::connection_reset);
}

TEST_CASE("A connection can break after so many bytes of one side, and both ends hear of it") {
  virtual_time time;
  faulty_pipe both{time};
  CHECK(both.far->send("before") == 6U);
  both.pipe.break_after(1, 4);
  CHECK(both.far->send("an") == 2U);
  CHECK(both.near->send("the other direction does not count") == 34U);
  CHECK(both.far->send(GENERATE(std::string{"sw"}, std::string{"swer"})).has_value());
  CHECK(both.near->read_to_end() == "beforeansw");
  CHECK(both.near->ended_by() == asio::error::connection_reset);
  CHECK(both.far->read() == std::string{"the other direction does not count"});
  CHECK(both.far->read().error() == asio::error::connection_reset);
}

TEST_CASE("A direction that is held back delivers nothing, and all of it after its release") {
  virtual_time time;
  faulty_pipe both{time, nullptr, 8};
  CHECK(both.near->send("ab") == 2U);
  both.pipe.hold(0);
  CHECK(both.near->send("cd") == 2U);
  CHECK(time.run(write_once(both.near->stream(), "efghij")) == 4U);
  CHECK(read_error(time, *both.far) == asio::error::timed_out);
  time.run(set_limit(both.far->stream(), deadline::never()));
  CHECK(both.near->stream().try_write({asio::buffer("x", 1), asio::const_buffer{}}).error() ==
        asio::error::would_block);
  CHECK(both.far->stream().try_write({asio::buffer("x", 1), asio::const_buffer{}}) == 1U);
  CHECK(both.near->read() == std::string{"x"});

  both.near->stream().close();
  time.run_for(1min);
  both.pipe.release(0);
  const auto released = time.now();
  CHECK(both.far->read_to_end() == "abcdefgh");
  CHECK(both.far->ended_by() == asio::error::eof);
  CHECK(time.now() - released >= 1ms);
}

TEST_CASE("A reset that is held back arrives after the release") {
  virtual_time time;
  faulty_pipe both{time};
  both.pipe.hold(0);
  net::reset_memory_stream(both.near->stream());
  CHECK(read_error(time, *both.far) == asio::error::timed_out);
  both.pipe.release(0);
  CHECK(read_error(time, *both.far) == asio::error::connection_reset);
}

TEST_CASE("A machine that vanished says nothing; once it is back, who sends to it is told by a reset") {
  virtual_time time;
  faulty_pipe both{time};
  CHECK(both.far->send("lost on the way") == 15U);
  both.pipe.vanish(1);
  CHECK(both.far->send("x").error() == asio::error::operation_aborted);
  CHECK(read_error(time, *both.near) == asio::error::timed_out);
  time.run(set_limit(both.near->stream(), deadline::never()));

  SECTION("sent while it was gone") {
    CHECK(both.near->send("anybody?") == 8U);
    both.pipe.release(0);
    both.pipe.release(1);
  }
  SECTION("sent when it is back") {
    both.pipe.release(0);
    both.pipe.release(1);
    CHECK(both.near->read() == std::string{"lost on the way"});
    CHECK(read_error(time, *both.near) == asio::error::timed_out);
    time.run(set_limit(both.near->stream(), deadline::never()));
    CHECK(both.near->send("anybody?") == 8U);
  }
  both.near->read_to_end();
  CHECK(both.near->ended_by() == asio::error::connection_reset);
}

TEST_CASE("A machine that vanished with bytes unread says nothing of that when it is back") {
  virtual_time time;
  faulty_pipe both{time};
  CHECK(both.near->send("never read") == 10U);
  time.run_for(2ms);
  both.pipe.vanish(1);
  both.pipe.release(0);
  both.pipe.release(1);
  CHECK(read_error(time, *both.near) == asio::error::timed_out);
}

task<> watch_here(net::stream& which, int* hangups) {
  which.watch_hangup([hangups] { ++*hangups; });
  co_return;
}

TEST_CASE("A watch hears of no hang-up that is on its way but not yet told when it is called off") {
  virtual_time time;
  faulty_pipe both{time};
  both.near->stream().close();
  time.run_for(2ms);
  int hangups = 0;
  // Both before the loop gets to tell.
  time.run([](net::stream& which, int* count) -> task<> {
    co_await watch_here(which, count);
    which.unwatch_hangup();
  }(both.far->stream(), &hangups));
  time.run_for(1s);
  CHECK(hangups == 0);
}

TEST_CASE("A watch ends with its own end") {
  virtual_time time;
  faulty_pipe both{time};
  int hangups = 0;
  time.run(watch_here(both.far->stream(), &hangups));
  both.far->stream().close();
  both.near->stream().close();
  time.run_for(1s);
  CHECK(hangups == 0);
}

TEST_CASE("A stream that goes in the middle of a read or a write ends them") {
  virtual_time time;
  faulty_pipe both{time, nullptr, 1};
  CHECK(both.near->send("x") == 1U);
  lone_task<result<std::string>> reading{time, read_once(both.near->stream())};
  lone_task<net::io_result> writing{time, write_once(both.near->stream(), "y")};
  both.near.reset();
  time.run_for(0s);
  CHECK(reading.outcome().value->error() == asio::error::operation_aborted);
  CHECK(writing.outcome().value->error() == asio::error::operation_aborted);
  time.run_for(1s);
  CHECK(time.main_loop().timers().armed_count() == 0);
}

}  // namespace
}  // namespace cohort
