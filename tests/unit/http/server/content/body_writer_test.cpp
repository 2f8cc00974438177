// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/content/body_writer.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/net/peer.hpp"
#include "tests/unit/runtime/iteration_count.hpp"
#include "tests/unit/runtime/task_fixtures.hpp"

namespace cohort::http {
namespace {

using namespace cohort::test;

TEST_CASE("sse_event: each line of the data becomes a data line, for every type of line ending", "[http][server]") {
  struct row {
    std::string_view data;
    std::string_view lines;
  };
  const auto test_case = GENERATE(values<row>({{"{}", "data: {}\n"},
                                               {"", "data: \n"},
                                               {"a\nb", "data: a\ndata: b\n"},
                                               {"a\r\nb", "data: a\ndata: b\n"},
                                               {"a\rid: forged", "data: a\ndata: id: forged\n"},
                                               {"a\n\nevent: forged", "data: a\ndata: \ndata: event: forged\n"},
                                               {"a\n", "data: a\ndata: \n"}}));
  CAPTURE(test_case.data);
  CHECK(sse_event("tick", test_case.data) == "event: tick\n" + std::string{test_case.lines} + "\n");
}

task<bool> write_parts(body_writer& writer) {
  co_await writer.write("hello");
  co_await writer.write("");
  co_await writer.write(std::string(26, 'x'));
  co_return co_await writer.finish();
}

TEST_CASE("body writer: each nonempty write is a chunk, and finish sends the last chunk", "[http][server]") {
  virtual_time time;
  connected_peers pipe{time};
  event drain_event;
  body_writer writer{pipe.client.stream(), body_writer::framing::chunked, server_limits{.write_timeout = 1s},
                     drain_event};
  time.run(write_parts(writer));
  pipe.client.stream().close();
  CHECK(pipe.server.read_to_end() == "5\r\nhello\r\n1a\r\n" + std::string(26, 'x') + "\r\n0\r\n\r\n");
}

TEST_CASE("body writer: a close-delimited body has no framing", "[http][server]") {
  virtual_time time;
  connected_peers pipe{time};
  event drain_event;
  body_writer writer{pipe.client.stream(), body_writer::framing::until_close, server_limits{.write_timeout = 1s},
                     drain_event};
  time.run(write_parts(writer));
  pipe.client.stream().close();
  CHECK(pipe.server.read_to_end() == "hello" + std::string(26, 'x'));
}

TEST_CASE("body writer: writes fail once the client has not read within the write timeout", "[http][server]") {
  virtual_time time;
  net::memory_pipe_settings settings;
  settings.capacity = 16;
  connected_peers pipe{time, settings};
  event drain_event;
  body_writer writer{pipe.client.stream(), body_writer::framing::until_close, server_limits{.write_timeout = 10s},
                     drain_event};
  CHECK(time.run(writer.write("0123456789abcdef")));
  const auto start = time.now();
  CHECK_FALSE(time.run(writer.write("x")));
  CHECK(time.now() - start >= 10s);
  CHECK_FALSE(writer.ok());
  CHECK(pipe.server.read() == std::string{"0123456789abcdef"});
  CHECK_FALSE(time.run(writer.write("y")));
  CHECK_FALSE(pipe.server.stream().is_readable());
}

TEST_CASE("body writer: the write timeout starts with each write", "[http][server]") {
  virtual_time time;
  connected_peers pipe{time};
  event drain_event;
  body_writer writer{pipe.client.stream(), body_writer::framing::until_close, server_limits{.write_timeout = 1s},
                     drain_event};
  CHECK(time.run(writer.write("a")));
  CHECK(time.run(writer.pause(1h)) == wait_status::timed_out);
  CHECK(time.run(writer.write("b")));
}

task<> write_lines(body_writer& writer, int count, bool& has_ended) {
  for (int i = 0; i < count; ++i) co_await writer.write("123\n");
  has_ended = true;
}

/// Returns the number of times that another coroutine of the loop runs while `count` lines are written to a client that
/// accepts all bytes immediately.
int iterations_during_writes(int count) {
  virtual_time time;
  net::memory_pipe_settings settings;
  settings.capacity = 1024 * 1024;
  connected_peers pipe{time, settings};
  event drain_event;
  body_writer writer{pipe.client.stream(), body_writer::framing::chunked, server_limits{.write_timeout = 1s},
                     drain_event};
  bool has_ended = false;
  int iterations = 0;
  time.run(run_both(write_lines(writer, count, has_ended), count_iterations(has_ended, iterations)));
  CHECK(pipe.server.read().value().ends_with("4\r\n123\n\r\n"));
  return iterations;
}

TEST_CASE("body writer: a producer whose writes complete immediately yields to the loop every 64 writes",
          "[http][server]") {
  CHECK(iterations_during_writes(63) == 0);
  CHECK(iterations_during_writes(640) == 10);
}

task<> notify_after(event& target, duration delay) {
  co_await sleep_for(delay);
  target.set();
}

TEST_CASE("body writer: a pause ends early when the server drains", "[http][server]") {
  virtual_time time;
  connected_peers pipe{time};
  event drain_event;
  body_writer writer{pipe.client.stream(), body_writer::framing::chunked, server_limits{.write_timeout = 1s},
                     drain_event};
  const auto start = time.now();
  CHECK_FALSE(writer.draining());
  spawned_task<> drain{time, notify_after(drain_event, 5s)};
  CHECK(time.run(writer.pause(1h)) == wait_status::notified);
  CHECK(time.now() - start <= 5s + 2 * tick);
  CHECK(writer.draining());
  CHECK(time.run(writer.pause(1h)) == wait_status::notified);
}

}  // namespace
}  // namespace cohort::http
