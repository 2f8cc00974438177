// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/http/client/upstream/upstream_fixture.hpp"

// Tests of the deadlines, retries, circuit breaker and bulkhead of an upstream.
namespace cohort {
namespace {

using namespace cohort::test;
using http::client_error;

net::memory_pipe_settings pipe_settings_with_latency(duration latency) {
  net::memory_pipe_settings settings;
  settings.latency = latency;
  return settings;
}

// ---- deadlines

TEST_CASE("upstream: the timeout of a call is capped by the caller's remaining time minus the reserve",
          "[http][upstream]") {
  const auto [caller_timeout, timeout] = GENERATE(table<std::optional<duration>, duration>(
      {{std::nullopt, 5s}, {1h, 5s}, {5s, 4980ms}, {200ms, 180ms}, {40ms, 30ms}}));
  upstream_fixture fixture;
  const auto result = fixture.call(caller_timeout);
  CHECK(is_ok(result));
  CHECK(result.timeout == timeout);
  CHECK(result.elapsed < 1ms);
}

TEST_CASE("upstream: a request carries the remaining time minus one round-trip time", "[http][upstream]") {
  upstream_fixture fixture{single_attempt(), 1, pipe_settings_with_latency(10ms)};
  CHECK(is_ok(fixture.call(200ms)));
  CHECK(is_ok(fixture.call(200ms)));
  REQUIRE(fixture.replica().received_timeouts.size() == 2);
  // Of 180 ms, the connection takes 20 ms and the round trip 20 ms.
  CHECK(std::stoi(fixture.replica().received_timeouts[0]) <= 140);
  CHECK(std::stoi(fixture.replica().received_timeouts[0]) >= 138);
  // The second call uses the same connection.
  CHECK(std::stoi(fixture.replica().received_timeouts[1]) <= 160);
  CHECK(std::stoi(fixture.replica().received_timeouts[1]) >= 158);
  CHECK(fixture.replica().received_ids == std::vector<std::string>{"request-1", "request-1"});
}

TEST_CASE("upstream: a slow upstream responds before the caller's deadline, and its handler is cancelled",
          "[http][upstream]") {
  upstream_fixture fixture;
  fixture.replica().default_step = {.delay = 500ms};
  const auto start = fixture.time.now();
  const auto result = fixture.call(200ms);
  // The server received the deadline and responded in time.
  REQUIRE(result.response.has_value());
  CHECK(result.response->status_code() == 504);
  CHECK(fixture.time.now() - start <= 200ms);
  fixture.time.run_for(20ms);
  CHECK(fixture.replica().delays == log_lines{"cancelled"});
  CHECK(fixture.metric("requests_total", "outcome=\"timeout\"") == 1);
}

TEST_CASE("upstream: no request is sent if less than one round-trip time is left", "[http][upstream]") {
  upstream_fixture fixture{single_attempt(), 1, pipe_settings_with_latency(10ms)};
  SECTION("the deadline has passed") {
    CHECK(error_of(fixture.call(0ms)) == client_error::deadline_exceeded);
    CHECK(fixture.request_count() == 0);
  }
  SECTION("the round-trip time exceeds the remaining time") {
    CHECK(is_ok(fixture.call()));
    const auto result = fixture.call(24ms);  // 18 ms remain after the reserve
    CHECK(error_of(result) == client_error::deadline_exceeded);
    CHECK(result.attempts == 0);
    CHECK(result.elapsed == 0ms);
    CHECK(fixture.request_count() == 1);
  }
  SECTION("the connection is established after the deadline") {
    CHECK(error_of(fixture.call(50ms)) == client_error::deadline_exceeded);
    CHECK(fixture.request_count() == 0);
  }
}

TEST_CASE("upstream: cancelling the caller cancels the call", "[http][upstream]") {
  upstream_fixture fixture;
  fixture.replica().default_step = {.delay = 500ms};
  spawned_task<http::upstream_result> call{fixture.time, fixture.make_call()};
  fixture.time.run_for(100ms);
  CHECK(fixture.metric("in_flight", "") == 1);
  call.cancel();
  CHECK(call.ended());
  fixture.time.run_for(20ms);
  CHECK(fixture.replica().delays == log_lines{"cancelled"});
  CHECK(fixture.metric("in_flight", "") == 0);
  CHECK(fixture.metric("requests_total", "outcome=\"cancelled\"") == 1);
}

TEST_CASE("upstream: each call and its outcome is added to Server-Timing", "[http][upstream]") {
  upstream_fixture fixture;
  fixture.replica().steps = {{.delay = 3ms}, {.status = 404}, {.status = 500}, {.delay = 1h}};
  for (int i = 0; i < 4; ++i) fixture.call(400ms);
  const auto header = fixture.timing.header_value(1500us, deadline{fixture.time.now() + 2ms}, fixture.time.now());
  CAPTURE(header);
  CHECK(header.starts_with("there;dur=3.0;desc=\"ok\", there;dur=0.0;desc=\"client_error\", "));
  CHECK(header.ends_with(";desc=\"timeout\", total;dur=1.5, left;dur=2.0"));
}

// ---- retries

TEST_CASE("upstream: retryable statuses are retried", "[http][upstream]") {
  const int status = GENERATE(500, 502, 503);
  upstream_fixture fixture{settings_with_retries()};
  fixture.replica().steps = {{.status = status}, {.status = status}};
  const auto result = fixture.call();
  CHECK(is_ok(result));
  CHECK(result.attempts == 3);
  CHECK(fixture.metric("retries_total", "verdict=\"again\"") == 2);
  CHECK(fixture.metric("attempts_total", "") == 3);
  CHECK(fixture.metric("requests_total", "outcome=\"ok\"") == 1);
}

TEST_CASE("upstream: the last response is returned after the maximum number of attempts", "[http][upstream]") {
  upstream_fixture fixture{settings_with_retries()};
  fixture.replica().default_step = {.status = 503};
  const auto result = fixture.call();
  REQUIRE(result.response.has_value());
  CHECK(result.response->status_code() == 503);
  CHECK(fixture.request_count() == 3);
  CHECK(fixture.metric("retries_total", "verdict=\"attempts\"") == 1);
}

TEST_CASE("upstream: statuses other than 500, 502 and 503 are not retried", "[http][upstream]") {
  const int status = GENERATE(200, 301, 400, 404, 429, 501, 504);
  upstream_fixture fixture{settings_with_retries()};
  fixture.replica().default_step = {.status = status};
  const auto result = fixture.call();
  REQUIRE(result.response.has_value());
  CHECK(result.response->status_code() == static_cast<unsigned>(status));
  CHECK(fixture.request_count() == 1);
}

TEST_CASE("upstream: a request that is not idempotent is retried only if it was not sent", "[http][upstream]") {
  SECTION("a response with status 503") {
    upstream_fixture fixture{settings_with_retries()};
    fixture.replica().default_step = {.status = 503};
    fixture.call({}, http::method::post);
    CHECK(fixture.request_count() == 1);
    CHECK(fixture.metric("retries_total", "verdict=\"not_safe\"") == 1);
  }
  SECTION("no server listens") {
    upstream_fixture fixture{settings_with_retries()};
    fixture.stop(0);
    CHECK(error_of(fixture.call({}, http::method::post)) == client_error::connect_refused);
    CHECK(fixture.metric("retries_total", "verdict=\"again\"") == 2);
  }
}

TEST_CASE("upstream: Retry-After is respected; if it exceeds the deadline, the response is returned immediately",
          "[http][upstream]") {
  upstream_fixture fixture{settings_with_retries()};
  const int status = GENERATE(429, 503);
  fixture.replica().steps = {{.status = status, .retry_after = "2"}};
  const auto start = fixture.time.now();
  SECTION("Retry-After ends before the deadline") {
    CHECK(is_ok(fixture.call()));
    CHECK(fixture.time.now() - start >= 2s);
  }
  SECTION("Retry-After ends after the deadline") {
    const auto result = fixture.call(1s);
    REQUIRE(result.response.has_value());
    CHECK(result.response->status_code() == static_cast<unsigned>(status));
    CHECK(fixture.time.now() - start < 1ms);
    CHECK(fixture.metric("retries_total", "verdict=\"deadline\"") == 1);
  }
}

TEST_CASE("upstream: a response with an invalid Retry-After is not retried", "[http][upstream]") {
  const int status = GENERATE(429, 503);
  upstream_fixture fixture{settings_with_retries()};
  fixture.replica().default_step = {.status = status, .retry_after = "next week"};
  const auto result = fixture.call();
  REQUIRE(result.response.has_value());
  CHECK(result.response->status_code() == static_cast<unsigned>(status));
  CHECK(fixture.request_count() == 1);
}

TEST_CASE("upstream: no retry is made if the median latency exceeds the remaining time", "[http][upstream]") {
  upstream_fixture fixture{settings_with_retries()};
  fixture.replica().default_step = {.delay = 300ms};
  for (int i = 0; i < 20; ++i) fixture.call();
  fixture.replica().steps = {{.status = 503, .delay = 300ms}};
  const auto request_count_before = fixture.request_count();
  fixture.call(500ms);
  CHECK(fixture.request_count() == request_count_before + 1);
  CHECK(fixture.metric("retries_total", "verdict=\"deadline\"") == 1);
}

TEST_CASE(
    "upstream: retries add a fifth to the requests of an upstream that fails half of them, and most calls succeed",
    "[http][upstream]") {
  upstream_fixture fixture{settings_with_retries()};
  random_generator random{7};
  constexpr int calls = 1000;
  int success_count = 0;
  for (int i = 0; i < calls; ++i) {
    fixture.replica().steps.clear();
    for (int k = 0; k < 3; ++k) fixture.replica().steps.push_back({.status = random.bernoulli(0.5) ? 500 : 200});
    success_count += is_ok(fixture.call()) ? 1 : 0;
  }
  CHECK(fixture.request_count() <= calls * 12 / 10 + 10);
  CHECK(fixture.request_count() >= calls * 115 / 100);
  CHECK(success_count >= calls * 55 / 100);
  CHECK(fixture.metric("retries_total", "verdict=\"budget\"") > 0);
}

// ---- the breaker

TEST_CASE("upstream: consecutive failures open the breaker, and a successful probe closes it", "[http][upstream]") {
  upstream_fixture fixture;
  fixture.replica().default_step = {.status = 500};
  for (int i = 0; i < 10; ++i) CHECK(fixture.call().response.has_value());
  CHECK(fixture.request_count() == 10);
  CHECK(fixture.metric("breaker_state", "state=\"open\"") == 1);
  CHECK(fixture.metric("breaker_state", "state=\"closed\"") == 0);

  const auto rejected_response = fixture.call();
  CHECK(error_of(rejected_response) == client_error::breaker_open);
  CHECK(rejected_response.elapsed == 0ms);
  CHECK(fixture.request_count() == 10);
  CHECK(fixture.metric("requests_total", "outcome=\"open\"") == 1);

  fixture.time.run_for(6s);
  fixture.replica().default_step = {.delay = 10ms};
  const auto results = fixture.call_concurrently(4);
  CHECK(std::count_if(results.begin(), results.end(), is_ok) == 1);
  CHECK(fixture.request_count() == 11);
  CHECK(is_ok(fixture.call()));
  CHECK(fixture.metric("breaker_state", "state=\"closed\"") == 1);
  CHECK(fixture.metric("breaker_transitions_total", "to=\"open\"") == 1);
  CHECK(fixture.metric("breaker_transitions_total", "to=\"half_open\"") == 1);
  CHECK(fixture.metric("breaker_transitions_total", "to=\"closed\"") == 1);
}

TEST_CASE("upstream: a probe is not retried", "[http][upstream]") {
  upstream_fixture fixture{settings_with_retries()};
  fixture.replica().default_step = {.status = 500};
  while (fixture.metric("breaker_state", "state=\"open\"") == 0) fixture.call();
  fixture.time.run_for(6s);
  const auto request_count_before = fixture.request_count();
  CHECK(fixture.call().attempts == 1);
  CHECK(fixture.request_count() == request_count_before + 1);
  CHECK(error_of(fixture.call()) == client_error::breaker_open);
}

TEST_CASE("upstream: a timeout opens the breaker only if the call had at least half of the timeout",
          "[http][upstream]") {
  const auto [caller_timeout, opens_breaker] = GENERATE(table<duration, bool>({{200ms, false}, {4s, true}}));
  upstream_fixture fixture;
  fixture.replica().default_step = {.delay = 1h};
  for (int i = 0; i < 20; ++i) fixture.call(caller_timeout);
  CHECK(fixture.metric("breaker_state", "state=\"open\"") == (opens_breaker ? 1 : 0));
}

TEST_CASE("upstream: calls beyond the maximum in flight are rejected immediately", "[http][upstream]") {
  auto settings = single_attempt();
  settings.max_in_flight = 3;
  upstream_fixture fixture{settings};
  fixture.replica().default_step = {.delay = 100ms};
  const auto results = fixture.call_concurrently(5);
  CHECK(std::count_if(results.begin(), results.end(), is_ok) == 3);
  CHECK(error_of(results[4]) == client_error::bulkhead_full);
  CHECK(results[4].elapsed == 0ms);
  CHECK(fixture.request_count() == 3);
  CHECK(fixture.metric("requests_total", "outcome=\"shed\"") == 2);
  CHECK(is_ok(fixture.call()));
}

}  // namespace
}  // namespace cohort
