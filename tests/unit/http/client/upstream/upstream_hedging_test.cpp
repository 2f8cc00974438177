// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>

#include "tests/unit/http/client/upstream/upstream_fixture.hpp"

// Tests of hedged requests, and of calls to a name with several addresses.
namespace cohort {
namespace {

using namespace cohort::test;
using http::client_error;

http::upstream_settings settings_with_hedges() {
  auto settings = single_attempt();
  settings.hedging.is_enabled = true;
  return settings;
}

/// Makes enough calls for an estimate of the p95 latency, which is 10 ms.
void warm_up(upstream_fixture& fixture) {
  for (auto& replica : fixture.replicas) replica.default_step = {.delay = 10ms};
  for (int i = 0; i < 40; ++i) fixture.call();
  for (auto& replica : fixture.replicas) replica.delays.clear();
}

TEST_CASE("upstream: a slow request is hedged; the first response is used, and the other request is cancelled",
          "[http][upstream]") {
  upstream_fixture fixture{settings_with_hedges(), 2};
  warm_up(fixture);
  const auto request_count_before = fixture.request_count();
  for (auto& replica : fixture.replicas) replica.steps = {{.delay = 2s}};
  // The second attempt is sent to the other replica, which is also slow.
  SECTION("both requests are slow") {
    const auto result = fixture.call();
    CHECK(is_ok(result));
    CHECK(result.attempts == 2);
    CHECK(fixture.request_count() == request_count_before + 2);
  }
  SECTION("only the first request is slow") {
    const auto count_before = fixture.replicas[0].request_count;
    spawned_task<http::upstream_result> call{fixture.time, fixture.make_call()};
    fixture.time.run_for(1ms);
    auto& slow_replica = fixture.replicas[0].request_count > count_before ? fixture.replicas[0] : fixture.replicas[1];
    auto& fast_replica = &slow_replica == &fixture.replicas[0] ? fixture.replicas[1] : fixture.replicas[0];
    fast_replica.steps.clear();
    const auto start = fixture.time.now();
    while (!call.ended()) fixture.time.run_for(1ms);
    // The limit exceeds the sum of the estimated p95 (at most 12 ms) and the latency of the second request.
    CHECK(fixture.time.now() - start <= 30ms);
    CHECK(is_ok(*call.outcome().value));
    // The first request would have kept its connection if its response had arrived within 100 ms.
    fixture.time.run_for(90ms);
    CHECK(slow_replica.delays.empty());
    fixture.time.run_for(20ms);
    CHECK(slow_replica.delays == log_lines{"cancelled"});
    CHECK(fixture.metric("hedges_total", "result=\"won\"") == 1);
  }
  CHECK(fixture.metric("hedges_total", "result=\"sent\"") == 1);
}

task<std::size_t> count_idle_connections(http::client& client) {
  std::size_t sum = 0;
  for (const auto& origin : client.origins())
    for (const auto& address : origin.addresses) sum += address.idle_connections;
  co_return sum;
}

TEST_CASE("upstream: a request slower than its hedge keeps its connection if its response arrives within 100 ms",
          "[http][upstream]") {
  upstream_fixture fixture{settings_with_hedges()};
  warm_up(fixture);
  fixture.replica().steps = {{.delay = 60ms}, {.delay = 1ms}};
  CHECK(is_ok(fixture.call()));
  CHECK(fixture.metric("hedges_total", "result=\"won\"") == 1);
  CHECK(fixture.time.run(count_idle_connections(fixture.client)) == 1);
  fixture.time.run_for(70ms);
  CHECK(fixture.time.run(count_idle_connections(fixture.client)) == 2);
  CHECK(fixture.replica().delays == log_lines{"completed", "completed"});
  CHECK(is_ok(fixture.call()));

  // The client is destroyed while a response is being discarded.
  fixture.replica().steps = {{.delay = 60ms}, {.delay = 1ms}};
  CHECK(is_ok(fixture.call()));
}

TEST_CASE("upstream: a connection that a superseded hedge was opening is kept", "[http][upstream]") {
  net::memory_pipe_settings slow_pipe;
  slow_pipe.latency = 8ms;
  upstream_fixture fixture{settings_with_hedges(), 1, slow_pipe};
  warm_up(fixture);
  CHECK(fixture.time.run(count_idle_connections(fixture.client)) == 1);
  // The response to the first request arrives while the hedge connects.
  fixture.replica().steps = {{.delay = 26ms}};
  const auto result = fixture.call();
  CHECK(is_ok(result));
  CHECK(fixture.metric("hedges_total", "result=\"sent\"") == 1);
  fixture.time.run_for(20ms);
  CHECK(fixture.time.run(count_idle_connections(fixture.client)) == 2);
}

TEST_CASE("upstream: only idempotent requests are hedged", "[http][upstream]") {
  upstream_fixture fixture{settings_with_hedges()};
  warm_up(fixture);
  fixture.replica().steps = {{.delay = 1s}};
  CHECK(fixture.call({}, http::method::post).attempts == 1);
}

TEST_CASE("upstream: no request is hedged before the minimum number of samples", "[http][upstream]") {
  upstream_fixture fixture{settings_with_hedges()};
  fixture.replica().default_step = {.delay = 10ms};
  for (int i = 0; i < 15; ++i) fixture.call();
  fixture.replica().steps = {{.delay = 1s}};
  CHECK(fixture.call().attempts == 1);
}

TEST_CASE("upstream: if the first attempt fails, the response of the hedge is used", "[http][upstream]") {
  upstream_fixture fixture{settings_with_hedges()};
  warm_up(fixture);
  fixture.replica().steps = {{.status = 500, .delay = 100ms}, {.delay = 200ms}};
  const auto result = fixture.call();
  CHECK(is_ok(result));
  CHECK(result.elapsed > 200ms);
}

TEST_CASE("upstream: a hedge without a successful response is not counted as won", "[http][upstream]") {
  upstream_fixture fixture{settings_with_hedges()};
  warm_up(fixture);
  fixture.replica().default_step = {.delay = 1h};
  fixture.call(1s);
  CHECK(fixture.metric("hedges_total", "result=\"sent\"") == 1);
  CHECK(fixture.metric("hedges_total", "result=\"won\"") == 0);
}

TEST_CASE("upstream: hedges stay within the retry budget", "[http][upstream]") {
  auto settings = settings_with_hedges();
  settings.budget.min_per_second = 0;
  upstream_fixture fixture{settings};
  warm_up(fixture);
  fixture.replica().default_step = {.delay = 1s};
  const auto request_count_before = fixture.request_count();
  fixture.call_concurrently(100);
  CHECK(fixture.request_count() - request_count_before <= 100 + (100 + 40) / 5);
  CHECK(fixture.metric("hedges_total", "result=\"no_budget\"") > 0);
}

TEST_CASE("upstream: cancelling a call cancels both attempts", "[http][upstream]") {
  upstream_fixture fixture{settings_with_hedges()};
  warm_up(fixture);
  fixture.replica().default_step = {.delay = 10s};
  spawned_task<http::upstream_result> call{fixture.time, fixture.make_call()};
  fixture.time.run_for(100ms);
  CHECK(fixture.metric("hedges_total", "result=\"sent\"") == 1);
  call.cancel();
  CHECK(call.ended());
  fixture.time.run_for(20ms);
  CHECK(fixture.replica().delays == log_lines{"cancelled", "cancelled"});
}

// ---- replicas

TEST_CASE("upstream: calls are balanced over all addresses of the name", "[http][upstream]") {
  upstream_fixture fixture{single_attempt(), 3};
  for (auto& replica : fixture.replicas) replica.default_step = {.delay = 1ms};
  for (int i = 0; i < 300; ++i) fixture.call();
  for (const auto& replica : fixture.replicas) CHECK(replica.request_count > 60);
  CHECK(fixture.metric("addresses", "state=\"known\"") == 3);
}

TEST_CASE("upstream: a slow replica receives fewer calls", "[http][upstream]") {
  upstream_fixture fixture{single_attempt(), 2};
  fixture.replicas[0].default_step = {.delay = 1ms};
  fixture.replicas[1].default_step = {.delay = 50ms};
  for (int i = 0; i < 20; ++i) {
    fixture.call_concurrently(10);
  }
  CHECK(fixture.replicas[1].request_count < fixture.replicas[0].request_count * 11 / 10);
}

TEST_CASE("upstream: when one of three replicas stops, no call fails and its address is ejected", "[http][upstream]") {
  upstream_fixture fixture{settings_with_retries(), 3};
  for (auto& replica : fixture.replicas) replica.default_step = {.delay = 5ms};
  for (int i = 0; i < 30; ++i) fixture.call();
  fixture.stop(1);
  for (int i = 0; i < 50; ++i) CHECK(is_ok(fixture.call(1s)));
  CHECK(fixture.metric("addresses", "state=\"ejected\"") == 1);
  CHECK(fixture.metric("ejections_total", "") == 1);
  CHECK(fixture.replicas[1].request_count <= 30);
}

TEST_CASE("upstream: if only one of two replicas runs, a failed attempt is retried on the same replica",
          "[http][upstream]") {
  SECTION("the running replica is ejected") {
    upstream_fixture fixture{settings_with_retries(), 2};
    fixture.replicas[0].default_step = {.status = 500};
    for (int i = 0; i < 50; ++i) REQUIRE(is_ok(fixture.call()));
    REQUIRE(fixture.metric("addresses", "state=\"ejected\"") == 1);
    fixture.replicas[0].default_step = {};
    fixture.replicas[0].steps = {{.status = 503}};
    fixture.stop(1);
    const auto result = fixture.call();
    CHECK(is_ok(result));
    CHECK(result.attempts == 2);
  }
  SECTION("no replica is ejected") {
    // The number of calls before the stop determines the random choices.
    for (int calls = 0; calls < 16; ++calls) {
      CAPTURE(calls);
      upstream_fixture fixture{settings_with_retries(2), 2};
      for (int i = 0; i < calls; ++i) REQUIRE(is_ok(fixture.call()));
      fixture.replicas[0].steps = {{.status = 503}};
      fixture.stop(1);
      CHECK(is_ok(fixture.call()));
    }
  }
}

TEST_CASE("upstream: a replica that does not respond is ejected after five hedged calls, and no call fails",
          "[http][upstream]") {
  upstream_fixture fixture{settings_with_hedges(), 2};
  warm_up(fixture);
  auto& unresponsive_replica = fixture.replicas[0];
  const auto request_count_before = unresponsive_replica.request_count;
  unresponsive_replica.default_step = {.delay = 1h};
  for (int i = 0; i < 60; ++i) CHECK(is_ok(fixture.call(1s)));
  CHECK(unresponsive_replica.request_count == request_count_before + 5);
  CHECK(fixture.metric("addresses", "state=\"ejected\"") == 1);
}

TEST_CASE("upstream: a replica is not ejected because its hedges are slower than the first requests",
          "[http][upstream]") {
  upstream_fixture fixture{settings_with_hedges(), 2};
  warm_up(fixture);
  // Each call is hedged, and the response to its first request arrives first.
  for (int i = 0; i < 10; ++i) {
    for (auto& replica : fixture.replicas) replica.default_step = {.delay = 40ms};
    CHECK(is_ok(fixture.call(1s)));
  }
  CHECK(fixture.metric("hedges_total", "result=\"won\"") == 0);
  CHECK(fixture.metric("addresses", "state=\"ejected\"") == 0);
}

TEST_CASE("upstream: a replica that responds only with errors is ejected", "[http][upstream]") {
  upstream_fixture fixture{settings_with_retries(), 2};
  fixture.replicas[0].default_step = {.status = 500};
  for (int i = 0; i < 50; ++i) CHECK(is_ok(fixture.call()));
  CHECK(fixture.replicas[0].request_count == 5);
  CHECK(fixture.metric("addresses", "state=\"ejected\"") == 1);
}

TEST_CASE("upstream: the name is re-resolved, and calls use the new addresses", "[http][upstream]") {
  upstream_fixture fixture{single_attempt(), 2};
  fixture.network.add_name("there.test", {asio::ip::make_address("198.51.100.1")});
  for (int i = 0; i < 20; ++i) fixture.call();
  CHECK(fixture.replicas[1].request_count == 0);
  fixture.network.add_name("there.test", {asio::ip::make_address("198.51.100.2")});
  fixture.time.run_for(2s);
  const auto request_count_before = fixture.replicas[0].request_count;
  for (int i = 0; i < 20; ++i) CHECK(is_ok(fixture.call()));
  CHECK(fixture.replicas[0].request_count == request_count_before);
  CHECK(fixture.replicas[1].request_count == 20);
}

TEST_CASE("upstream: a refused connection makes the next attempt resolve the name again", "[http][upstream]") {
  upstream_fixture fixture{settings_with_retries(), 2};
  fixture.network.add_name("there.test", {asio::ip::make_address("198.51.100.1")});
  CHECK(is_ok(fixture.call()));
  fixture.stop(0);
  fixture.network.add_name("there.test", {asio::ip::make_address("198.51.100.2")});
  CHECK(is_ok(fixture.call()));
  CHECK(fixture.replicas[1].request_count == 1);
}

}  // namespace
}  // namespace cohort
