// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>

#include <set>

#include <cohort/runtime/time/virtual_time.hpp>
#include <cohort/telemetry/requests/request_log.hpp>

namespace cohort {
namespace {

using namespace std::chrono_literals;
using telemetry::request_log;
using telemetry::request_record;
using reason = request_log::reason;

/// A log on a virtual clock, with small limits for its records.
struct log_fixture {
  virtual_time time;
  request_log log{time.event_loop(),
                  {.max_problem_records = 2,
                   .max_sampled_records = 3,
                   .max_sampled_records_per_second = 2,
                   .max_slowest_records = 1}};

  /// Records a request that takes `elapsed` and has this status.
  void finish(duration elapsed, std::uint16_t status) {
    auto& record = log.open(time.now());
    time.run_for(elapsed);
    record.status = status;
    log.close(record);
  }
  /// Returns the statuses of the records that were kept for this reason.
  std::multiset<int> statuses_of(reason wanted) const {
    std::multiset<int> statuses;
    log.visit_completed([&](const request_record& record, const reason* kept_reason) {
      if (*kept_reason == wanted) statuses.insert(record.status);
    });
    return statuses;
  }
};

TEST_CASE("request log: the latest requests with a problem are kept", "[telemetry][requests]") {
  log_fixture fixture;
  for (const std::uint16_t status : {500, 501, 502}) fixture.finish(1ms, status);
  CHECK(fixture.statuses_of(reason::problem) == std::multiset<int>{501, 502});
  auto& interrupted = fixture.log.open(fixture.time.now());
  interrupted.status = 200;
  interrupted.cancelled_by = telemetry::cancellation_cause::deadline;
  fixture.log.close(interrupted);
  CHECK(fixture.statuses_of(reason::problem) == std::multiset<int>{200, 502});
  // A client that disconnects is not a problem of the service.
  auto& abandoned = fixture.log.open(fixture.time.now());
  abandoned.status = 499;
  abandoned.cancelled_by = telemetry::cancellation_cause::client;
  abandoned.add_call("weather", fixture.time.now(), deadline::never())->outcome = "cancelled";
  fixture.log.close(abandoned);
  CHECK(fixture.statuses_of(reason::problem) == std::multiset<int>{200, 502});
}

TEST_CASE("request log: a request whose call failed has a problem, regardless of its status", "[telemetry][requests]") {
  log_fixture fixture;
  for (const auto* outcome : {"ok", "client_error", "timeout"}) {
    auto& record = fixture.log.open(fixture.time.now());
    record.status = 200;
    auto* call = record.add_call("weather", fixture.time.now(), deadline::never());
    REQUIRE(call);
    call->ended = fixture.time.now();
    call->outcome = outcome;
    fixture.log.close(record);
  }
  CHECK(fixture.statuses_of(reason::problem).size() == 1);
}

TEST_CASE("request log: the slowest request of the last minute is kept", "[telemetry][requests]") {
  log_fixture fixture;
  fixture.finish(50ms, 201);
  fixture.finish(90ms, 202);
  fixture.finish(70ms, 203);
  CHECK(fixture.statuses_of(reason::slow) == std::multiset<int>{202});
  fixture.time.run_for(61s);
  fixture.finish(1ms, 204);
  CHECK(fixture.statuses_of(reason::slow) == std::multiset<int>{204});
}

TEST_CASE("request log: a bounded number of requests without a problem is kept per second", "[telemetry][requests]") {
  log_fixture fixture;
  fixture.finish(1s, 299);  // the slowest request is kept separately
  for (std::uint16_t i = 0; i < 50; ++i) fixture.finish(1ms, 200);
  CHECK(fixture.statuses_of(reason::sample).size() == 2);
  fixture.time.run_for(1s);
  for (std::uint16_t i = 0; i < 50; ++i) fixture.finish(1ms, 204);
  CHECK(fixture.statuses_of(reason::sample) == std::multiset<int>{200, 204, 204});
}

TEST_CASE("request log: a streamed response does not count as slow", "[telemetry][requests]") {
  log_fixture fixture;
  auto& record = fixture.log.open(fixture.time.now());
  record.status = 200;
  record.is_streamed = true;
  fixture.time.run_for(1h);
  fixture.log.close(record);
  CHECK(fixture.statuses_of(reason::slow).empty());
}

TEST_CASE("request log: requests in progress are listed, the oldest first", "[telemetry][requests]") {
  log_fixture fixture;
  auto& first = fixture.log.open(fixture.time.now());
  auto& second = fixture.log.open(fixture.time.now());
  auto& third = fixture.log.open(fixture.time.now());
  fixture.log.close(second);
  std::vector<const request_record*> open_records;
  fixture.log.visit_open([&](const request_record& record, const reason* kept) {
    CHECK(kept == nullptr);
    open_records.push_back(&record);
  });
  CHECK(open_records == std::vector<const request_record*>{&first, &third});
  CHECK(fixture.log.open_count() == 2);
  fixture.log.close(first);
  fixture.log.close(third);
  CHECK(fixture.log.open_count() == 0);
}

TEST_CASE("request log: the record of a request that is not kept is reset and reused", "[telemetry][requests]") {
  log_fixture fixture;
  fixture.finish(1s, 299);
  for (int i = 0; i < 4; ++i) fixture.finish(1ms, 200);
  auto& unused_record = fixture.log.open(fixture.time.now());
  unused_record.route = "/api/weather";
  unused_record.status = 200;
  unused_record.add_call("weather", fixture.time.now(), deadline::never())->outcome = "ok";
  fixture.log.close(unused_record);
  auto& next = fixture.log.open(fixture.time.now());
  CHECK(&next == &unused_record);
  CHECK(next.route.view().empty());
  CHECK(next.status == 0);
  CHECK(next.all_calls().empty());
  fixture.log.close(next);
}

TEST_CASE("request record: calls and attempts beyond the capacity of the record are counted", "[telemetry][requests]") {
  const auto record = std::make_unique<request_record>();
  record->reset({}, {});
  for (std::size_t i = 0; i < request_record::max_calls; ++i) {
    CHECK(record->add_call("there", {}, deadline::never()) != nullptr);
  }
  CHECK(record->add_call("there", {}, deadline::never()) == nullptr);
  CHECK(record->dropped_call_count == 1);
  auto& call = record->calls.front();
  for (std::size_t i = 0; i < request_record::max_attempts; ++i) {
    CHECK(record->add_attempt(call, telemetry::attempt_kind::retry, 0, {}) != nullptr);
  }
  CHECK(record->add_attempt(call, telemetry::attempt_kind::retry, 0, {}) == nullptr);
  CHECK(call.dropped_attempt_count == 1);
}

TEST_CASE("request record: a string that is too long is truncated", "[telemetry][requests]") {
  const telemetry::bounded_text<5> text{"weather"};
  CHECK(text.view() == "weath");
}

}  // namespace
}  // namespace cohort
