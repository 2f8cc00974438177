// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>

#include "tests/unit/postgres/pool_fixture.hpp"
#include "tests/unit/runtime/iteration_count.hpp"

// Tests that a stream or COPY that never waits for the database does not starve the other coroutines of the loop.
namespace cohort::test {
namespace {

constexpr int operation_count = 640;
/// Returns whether another coroutine ran once per 64 operations, or once more if the loop had already counted
/// operations.
bool is_fair(int iterations) { return iterations == 10 || iterations == 11; }

struct fairness_fixture : pool_fixture {
  fairness_fixture() {
    scripted_reply reply{.columns = {{"n", postgres::type::int4}}};
    for (int i = 0; i < operation_count; ++i) reply.rows.push_back({std::to_string(i)});
    replies["select numbers"] = replies["copy numbers to stdout"] = std::move(reply);
    replies["copy numbers from stdin"] = {};
  }

  /// Returns the number of times that another coroutine of the loop runs while `work` reads or writes.
  int count_iterations_during(task<> work) {
    time.run(run_both(std::move(work), count_iterations(has_ended, total_iteration_count)));
    return iterations;
  }
  void begin() { iterations = total_iteration_count; }
  void end() {
    iterations = total_iteration_count - iterations;
    has_ended = true;
  }

  int total_iteration_count = 0;
  int iterations = 0;
  bool has_ended = false;
};

task<> read_single_rows(fairness_fixture& fixture) {
  auto stream = co_await fixture.pool.stream(fixture.in(10s), "select numbers");
  fixture.begin();
  for (int i = 0; i < operation_count; ++i) CHECK((co_await stream->next(1)).value().size() == 1);
  fixture.end();
  CHECK((co_await stream->next()).value().empty());
}
task<> copy_lines_out(fairness_fixture& fixture) {
  auto reader = co_await fixture.pool.copy_out(fixture.in(10s), "copy numbers to stdout");
  fixture.begin();
  for (int i = 0; i < operation_count; ++i) CHECK_FALSE((co_await reader->next()).value().empty());
  fixture.end();
  CHECK((co_await reader->next()).value().empty());
}
task<> copy_lines_in(fairness_fixture& fixture) {
  auto writer = co_await fixture.pool.copy_in(fixture.in(10s), "copy numbers from stdin");
  fixture.begin();
  for (int i = 0; i < operation_count; ++i) CHECK((co_await writer->write("1\n")).has_value());
  fixture.end();
  CHECK((co_await writer->finish()).value() == operation_count);
}

TEST_CASE("postgres::row_stream: reads that complete immediately yield to the loop every 64 reads",
          "[postgres][stream]") {
  fairness_fixture fixture;
  CHECK(is_fair(fixture.count_iterations_during(read_single_rows(fixture))));
}

TEST_CASE("postgres copy: reads and writes that complete immediately yield to the loop every 64 operations",
          "[postgres][copy]") {
  fairness_fixture out;
  CHECK(is_fair(out.count_iterations_during(copy_lines_out(out))));
  fairness_fixture in;
  CHECK(is_fair(in.count_iterations_during(copy_lines_in(in))));
}

}  // namespace
}  // namespace cohort::test
