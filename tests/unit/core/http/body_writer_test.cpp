#include "core/http/body_writer.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/core/net/peer.hpp"
#include "tests/unit/core/runtime/tasks.hpp"

namespace cohort::http {
namespace {

using namespace cohort::test;

TEST_CASE("An event has a data line for each line of its data, however that ends its lines") {
  struct row {
    std::string_view data;
    std::string_view lines;
  };
  const auto each = GENERATE(values<row>({{"{}", "data: {}\n"},
                                          {"", "data: \n"},
                                          {"a\nb", "data: a\ndata: b\n"},
                                          {"a\r\nb", "data: a\ndata: b\n"},
                                          {"a\rid: forged", "data: a\ndata: id: forged\n"},
                                          {"a\n\nevent: forged", "data: a\ndata: \ndata: event: forged\n"},
                                          {"a\n", "data: a\ndata: \n"}}));
  CAPTURE(each.data);
  CHECK(sse_event("tick", each.data) == "event: tick\n" + std::string{each.lines} + "\n");
}

task<> write_parts(body_writer& to) {
  co_await to.write("hello");
  co_await to.write("");
  co_await to.write(std::string(26, 'x'));
  co_await to.finish();
}

TEST_CASE("A chunked body has each write's length before it, an empty one does not end it, and a last chunk does") {
  virtual_time time;
  two_peers pipe{time};
  event draining;
  body_writer writer{pipe.near.stream(), body_writer::framing::chunked, server_limits{.write_time = 1s}, draining};
  time.run(write_parts(writer));
  pipe.near.stream().close();
  CHECK(pipe.far.read_to_end() == "5\r\nhello\r\n1a\r\n" + std::string(26, 'x') + "\r\n0\r\n\r\n");
}

TEST_CASE("A body until close is bare") {
  virtual_time time;
  two_peers pipe{time};
  event draining;
  body_writer writer{pipe.near.stream(), body_writer::framing::until_close, server_limits{.write_time = 1s}, draining};
  time.run(write_parts(writer));
  pipe.near.stream().close();
  CHECK(pipe.far.read_to_end() == "hello" + std::string(26, 'x'));
}

TEST_CASE("Once nobody takes what is written within its time, no more is") {
  virtual_time time;
  net::memory_pipe_settings how;
  how.capacity = 16;
  two_peers pipe{time, how};
  event draining;
  body_writer writer{pipe.near.stream(), body_writer::framing::until_close, server_limits{.write_time = 10s}, draining};
  CHECK(time.run(writer.write("0123456789abcdef")));
  const auto start = time.now();
  CHECK_FALSE(time.run(writer.write("x")));
  CHECK(time.now() - start >= 10s);
  CHECK_FALSE(writer.ok());
  CHECK(pipe.far.read() == std::string{"0123456789abcdef"});
  CHECK_FALSE(time.run(writer.write("y")));
  CHECK_FALSE(pipe.far.stream().readable());
}

TEST_CASE("The time to write is each write's own: pauses do not count") {
  virtual_time time;
  two_peers pipe{time};
  event draining;
  body_writer writer{pipe.near.stream(), body_writer::framing::until_close, server_limits{.write_time = 1s}, draining};
  CHECK(time.run(writer.write("a")));
  CHECK(time.run(writer.pause(1h)) == wait_status::timed_out);
  CHECK(time.run(writer.write("b")));
}

task<> set_after(event& which, duration span) {
  co_await sleep_for(span);
  which.set();
}

TEST_CASE("A pause ends early when the server drains") {
  virtual_time time;
  two_peers pipe{time};
  event draining;
  body_writer writer{pipe.near.stream(), body_writer::framing::chunked, server_limits{.write_time = 1s}, draining};
  const auto start = time.now();
  CHECK_FALSE(writer.draining());
  lone_task<> ends{time, set_after(draining, 5s)};
  CHECK(time.run(writer.pause(1h)) == wait_status::notified);
  CHECK(time.now() - start <= 5s + 2 * tick);
  CHECK(writer.draining());
  CHECK(time.run(writer.pause(1h)) == wait_status::notified);
}

}  // namespace
}  // namespace cohort::http
