// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>

#include <cohort/telemetry/server_timing.hpp>
#include "tests/unit/postgres/pool_fixture.hpp"

// Tests the records of database calls in the record of their request.
namespace cohort {
namespace {

using namespace cohort::test;
using telemetry::call_kind;
using telemetry::cancellation_cause;

struct recorded_fixture : pool_fixture {
  recorded_fixture() {
    record.reset(time.now(), time.event_loop().wall_now());
    timing.recording().attach(record);
  }
  call_context make_context(duration timeout) {
    auto context = in(timeout);
    context.timing = &timing;
    return context;
  }

  telemetry::request_record record;
  telemetry::server_timing timing;
};

TEST_CASE("postgres records: a query is recorded as a call with its statement, without its parameters",
          "[postgres][requests]") {
  recorded_fixture test;
  test.time.run(test.pool.query(test.make_context(10s), "select $1", "secret"));
  REQUIRE(test.record.all_calls().size() == 1);
  const auto& call = test.record.calls[0];
  CHECK(call.kind == call_kind::postgres);
  CHECK(call.name.view() == "database");
  CHECK(call.detail.view() == "select $1");
  CHECK(call.outcome == "ok");
  CHECK(call.ended - call.started >= test.reply_delay);
}

TEST_CASE("postgres records: a query that misses its deadline has the cancellation cause `deadline`",
          "[postgres][requests]") {
  recorded_fixture test;
  test.reply_delay = 1min;
  test.time.run(test.pool.query(test.make_context(200ms), "select 1"));
  REQUIRE(test.record.all_calls().size() == 1);
  CHECK(test.record.calls[0].outcome == "timeout");
  CHECK(test.record.calls[0].cancelled_by == cancellation_cause::deadline);
}

task<> begin_and_commit(postgres::pool& pool, call_context context) {
  auto begin_task = pool.begin(context);
  auto begin_result = co_await std::move(begin_task);
  REQUIRE(begin_result.has_value());
  auto execute_task = begin_result->query("select 2");
  co_await std::move(execute_task);
  auto commit_task = begin_result->commit();
  co_await std::move(commit_task);
}

TEST_CASE("postgres records: a transaction is recorded as one call", "[postgres][requests]") {
  recorded_fixture test;
  test.time.run(begin_and_commit(test.pool, test.make_context(10s)));
  REQUIRE(test.record.all_calls().size() == 1);
  CHECK(test.record.calls[0].detail.view().starts_with("begin"));
  CHECK(test.record.calls[0].outcome == "ok");
}

}  // namespace
}  // namespace cohort
