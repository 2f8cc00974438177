// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>

#include "tests/unit/http/client/upstream/upstream_fixture.hpp"

// Tests of the records of calls and their attempts.
namespace cohort {
namespace {

using namespace cohort::test;
using telemetry::attempt_kind;
using telemetry::attempt_phase;
using telemetry::attempt_record;
using telemetry::cancellation_cause;

/// An upstream, and the record of a request that calls the upstream.
struct recorded_fixture : upstream_fixture {
  explicit recorded_fixture(http::upstream_settings settings = single_attempt(), std::size_t replica_count = 1)
      : upstream_fixture(settings, replica_count) {
    start_record();
  }
  void start_record() {
    record->reset(time.now(), time.event_loop().wall_now());
    timing.recording().attach(*record);
  }
  std::vector<attempt_record> attempts() const {
    return {record->all_attempts().begin(), record->all_attempts().end()};
  }

  std::unique_ptr<telemetry::request_record> record = std::make_unique<telemetry::request_record>();
};

TEST_CASE("call records: an attempt has its address, its phases and the deadline that was sent", "[http][requests]") {
  recorded_fixture fixture;
  fixture.replica().default_step = {.delay = 40ms};
  const auto start_time = fixture.time.now();
  fixture.call(2s);
  REQUIRE(fixture.record->all_calls().size() == 1);
  const auto& call = fixture.record->all_calls().front();
  CHECK(call.name.view() == "there");
  CHECK(call.started == start_time);
  CHECK(call.deadline.remaining(start_time) == 1980ms);
  CHECK(call.outcome == "ok");
  CHECK(call.has_ended());
  REQUIRE(fixture.attempts().size() == 1);
  const auto attempt = fixture.attempts().front();
  CHECK(attempt.kind == attempt_kind::first);
  CHECK(attempt.started == start_time);
  CHECK(attempt.address.address().to_string() == "198.51.100.1");
  CHECK(attempt.address.port() == 80);
  CHECK_FALSE(attempt.has_reused_connection);
  CHECK(attempt.phase_duration(attempt_phase::wait) >= 40ms);
  CHECK(attempt.outcome == "response");
  CHECK(attempt.status == 200);
  CHECK(attempt.cancelled_by == cancellation_cause::none);
  CHECK(attempt.ended() == call.ended);
  CHECK(attempt.sent_timeout > 1900ms);
  CHECK(attempt.sent_timeout <= 1980ms);
  // The phases have no gaps.
  auto sum = duration::zero();
  for (const auto phase : attempt.phases) sum += phase;
  CHECK(sum == attempt.ended() - attempt.started);

  fixture.call(2s);
  CHECK(fixture.attempts().back().has_reused_connection);
  CHECK(fixture.attempts().back().phase_duration(attempt_phase::connect) == 0ms);
  CHECK(fixture.attempts().back().call == 1);
}

TEST_CASE("call records: a retry refers to the attempt that failed", "[http][requests]") {
  recorded_fixture fixture{settings_with_retries()};
  fixture.replica().steps = {{.status = 503}, {.status = 503}, {}};
  CHECK(is_ok(fixture.call(2s)));
  const auto attempts = fixture.attempts();
  REQUIRE(attempts.size() == 3);
  CHECK(attempts[0].kind == attempt_kind::first);
  CHECK(attempts[0].status == 503);
  CHECK(attempts[1].kind == attempt_kind::retry);
  CHECK(attempts[1].of == 0);
  CHECK(attempts[2].kind == attempt_kind::retry);
  CHECK(attempts[2].of == 1);
  CHECK(attempts[2].status == 200);
  CHECK(fixture.record->all_calls().front().attempt_count == 3);
}

TEST_CASE("call records: an attempt that times out at the deadline of the call has the cancellation cause `deadline`",
          "[http][requests]") {
  // With a propagated deadline, the server would respond with 504 in time.
  auto settings = single_attempt();
  settings.propagate_deadline = false;
  recorded_fixture fixture{settings};
  fixture.replica().default_step = {.delay = 1h};
  fixture.call(500ms);
  const auto attempt = fixture.attempts().at(0);
  CHECK(attempt.outcome == "timeout");
  CHECK(attempt.cancelled_by == cancellation_cause::deadline);
  CHECK(attempt.ended() >= fixture.record->calls[0].deadline.time());
  CHECK(attempt.sent_timeout < 0ms);
  CHECK(attempt.status == 0);
  CHECK(fixture.record->calls[0].outcome == "timeout");
  CHECK(fixture.record->has_problem());
}

TEST_CASE("call records: the slower of two hedged attempts is cancelled by the hedge", "[http][requests]") {
  auto settings = single_attempt();
  settings.hedging.is_enabled = true;
  recorded_fixture fixture{settings, 2};
  for (auto& replica : fixture.replicas) replica.default_step = {.delay = 10ms};
  for (int i = 0; i < 40; ++i) fixture.call();
  fixture.start_record();
  const auto count_before = fixture.replicas[0].request_count;
  for (auto& replica : fixture.replicas) replica.steps = {{.delay = 2s}};
  spawned_task<http::upstream_result> call{fixture.time, fixture.make_call()};
  fixture.time.run_for(1ms);
  // Only the replica of the first attempt is slow.
  (fixture.replicas[0].request_count > count_before ? fixture.replicas[1] : fixture.replicas[0]).steps.clear();
  CHECK(fixture.attempts().at(0).phase == attempt_phase::wait);
  while (!call.ended()) fixture.time.run_for(1ms);
  const auto attempts = fixture.attempts();
  REQUIRE(attempts.size() == 2);
  CHECK(attempts[0].outcome == "cancelled");
  CHECK(attempts[0].cancelled_by == cancellation_cause::hedge);
  CHECK(attempts[1].kind == attempt_kind::hedge);
  CHECK(attempts[1].of == 0);
  CHECK(attempts[1].outcome == "response");
  CHECK(attempts[1].cancelled_by == cancellation_cause::none);
  CHECK(attempts[1].address != attempts[0].address);
  fixture.time.run_for(3s);
}

TEST_CASE("call records: a call that its caller cancels has the cancellation cause of the request",
          "[http][requests]") {
  recorded_fixture fixture;
  fixture.replica().default_step = {.delay = 1h};
  auto expected = cancellation_cause::caller;
  SECTION("the handler cancels the call") {}
  SECTION("the client of the request disconnects") { expected = cancellation_cause::client; }
  spawned_task<http::upstream_result> call{fixture.time, fixture.make_call()};
  fixture.time.run_for(10ms);
  if (expected == cancellation_cause::client) fixture.record->cancelled_by = cancellation_cause::client;
  call.cancel();
  while (!call.ended()) fixture.time.run_for(1ms);
  const auto attempt = fixture.attempts().at(0);
  CHECK(attempt.outcome == "cancelled");
  CHECK(attempt.cancelled_by == expected);
  CHECK(fixture.record->calls[0].outcome == "cancelled");
}

TEST_CASE("call records: a refused connection is recorded as an attempt with an address", "[http][requests]") {
  recorded_fixture fixture;
  fixture.stop(0);
  fixture.call(2s);
  const auto attempt = fixture.attempts().at(0);
  CHECK(attempt.outcome == "connect_error");
  CHECK(attempt.address.port() == 80);
  CHECK(attempt.cancelled_by == cancellation_cause::none);
}

TEST_CASE("call records: a call that the circuit breaker rejects has no attempt", "[http][requests]") {
  auto settings = single_attempt();
  settings.breaker.min_calls = 1;
  recorded_fixture fixture{settings};
  fixture.replica().default_step = {.status = 500};
  fixture.call(2s);
  fixture.call(2s);
  REQUIRE(fixture.record->all_calls().size() == 2);
  CHECK(fixture.record->calls[1].outcome == "open");
  CHECK(fixture.record->calls[1].attempt_count == 0);
  CHECK(fixture.attempts().size() == 1);
}

TEST_CASE("call records: a call without a request allocates no record", "[http][requests]") {
  upstream_fixture fixture;
  CHECK(is_ok(fixture.call(2s)));
  CHECK(fixture.timing.recording().get() == nullptr);
}

}  // namespace
}  // namespace cohort
