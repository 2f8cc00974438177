// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/http/client/client_fixture.hpp"
#include "tests/unit/http/client/upstream/upstream_fixture.hpp"

// Tests of requests on idle connections that the upstream has closed, and of responses of other servers after a
// redirect.
namespace cohort {
namespace {

using namespace cohort::test;
using http::client_error;

/// An upstream, and a server whose connections the test controls.
struct stale_connections_fixture {
  explicit stale_connections_fixture(const http::upstream_settings& settings)
      : upstream(fixture.client, metrics, log, "there", settings) {}

  spawned_task<http::upstream_result> start(http::method method = http::method::get) {
    return {fixture.time, upstream.call(make_request(method), {})};
  }
  /// Makes `count` concurrent calls, whose connections are idle afterwards.
  void make_idle_connections(std::size_t count) {
    std::deque<spawned_task<http::upstream_result>> calls;
    for (std::size_t i = 0; i < count; ++i) {
      calls.emplace_back(fixture.time, upstream.call(make_request(http::method::get), {}));
      fixture.newest_connection().read_request();
    }
    for (std::size_t i = 0; i < count; ++i) fixture.connection(i).send(ok_response("first"));
    fixture.run_ready();
  }
  double metric(const std::string& name, const std::string& labels = "") const {
    return find_series(metrics.prometheus_text(), "cohort_client_" + name + "{upstream=\"there\"" + labels + "}")
        .value();
  }

  client_fixture fixture;
  telemetry::registry metrics{1};
  telemetry::log_sink discarding_sink;
  telemetry::logger log{discarding_sink, "test", telemetry::log_level::off, telemetry::log_format::json};
  http::upstream upstream;
};

/// Returns settings with an empty retry budget.
http::upstream_settings settings_without_budget(unsigned max_attempts) {
  auto settings = settings_with_retries(max_attempts);
  settings.budget.ratio = settings.budget.min_per_second = 0;
  return settings;
}

TEST_CASE("upstream: a request on a stale connection is resent immediately, and is not counted as a retry",
          "[http][upstream]") {
  stale_connections_fixture calls{settings_without_budget(GENERATE(1U, 3U))};
  auto& fixture = calls.fixture;
  calls.make_idle_connections(1);
  auto call = calls.start();
  fixture.newest_connection().read_request();
  fixture.newest_connection().close();
  // A retry would have a delay of some milliseconds.
  REQUIRE(fixture.connection_count() == 2);
  fixture.newest_connection().read_request();
  fixture.newest_connection().send(ok_response("second"));
  fixture.run_ready();
  REQUIRE(call.ended());
  CHECK(call.outcome().value->response->body == "second");
  CHECK(call.outcome().value->attempts == 2);
  CHECK(calls.metric("stale_connections_total") == 1);
  CHECK(calls.metric("retries_total", ",verdict=\"again\"") == 0);
}

TEST_CASE("upstream: a request that the upstream may have read is resent only as a retry", "[http][upstream]") {
  stale_connections_fixture calls{settings_with_retries(GENERATE(1U, 2U))};
  auto& fixture = calls.fixture;
  const bool has_retry = calls.upstream.settings().retry.max_attempts > 1;
  calls.make_idle_connections(1);
  auto call = calls.start();
  fixture.connection(0).read_request();
  fixture.time.run_for(20ms);
  fixture.connection(0).close();
  fixture.time.run_for(100ms);
  CHECK(calls.metric("stale_connections_total") == 0);
  CHECK(calls.metric("retries_total", ",verdict=\"again\"") == (has_retry ? 1 : 0));
  REQUIRE(fixture.connection_count() == (has_retry ? 2 : 1));
  if (has_retry) fixture.connection(1).close();
  fixture.run_ready();
  CHECK(call.ended());
}

TEST_CASE("upstream: a call resends its request at most once because of a stale connection", "[http][upstream]") {
  const bool has_budget = GENERATE(true, false);
  stale_connections_fixture calls{has_budget ? settings_with_retries(2) : settings_without_budget(2)};
  auto& fixture = calls.fixture;
  calls.make_idle_connections(2);
  auto call = calls.start();
  // The call uses the most recently used connection, a new connection, and then the other idle connection.
  for (const std::size_t index : {1U, 2U, 0U}) {
    if (index == 0U && !has_budget) break;
    fixture.connection(index).read_request();
    fixture.connection(index).close();
  }
  fixture.time.run_for(1s);
  REQUIRE(call.ended());
  CHECK(call.outcome().value->response.error() == client_error::no_response);
  CHECK(call.outcome().value->attempts == (has_budget ? 3 : 2));
  CHECK(fixture.connection_count() == 3);
  CHECK(calls.metric("stale_connections_total") == 1);
  CHECK(calls.metric("retries_total", ",verdict=\"again\"") == (has_budget ? 1 : 0));
  CHECK(calls.metric("retries_total", ",verdict=\"attempts\"") == (has_budget ? 1 : 0));
  CHECK(calls.metric("retries_total", ",verdict=\"budget\"") == (has_budget ? 0 : 1));
}

TEST_CASE("upstream: a non-idempotent request is not resent after a stale connection", "[http][upstream]") {
  stale_connections_fixture calls{settings_with_retries()};
  calls.make_idle_connections(1);
  auto call = calls.start(http::method::post);
  calls.fixture.connection(0).read_request();
  calls.fixture.connection(0).close();
  calls.fixture.run_ready();
  REQUIRE(call.ended());
  CHECK(calls.fixture.connection_count() == 1);
  CHECK(calls.metric("stale_connections_total") == 0);
  CHECK(calls.metric("retries_total", ",verdict=\"not_safe\"") == 1);
}

TEST_CASE("upstream: the 429 of another server after a redirect does not delay calls", "[http][upstream][case-2.7]") {
  stale_connections_fixture calls{settings_with_retries(1)};
  auto& fixture = calls.fixture;
  auto request = get_request("http://site.test/");
  request.max_redirects = 1;
  spawned_task<http::upstream_result> redirected_call{fixture.time, calls.upstream.call(std::move(request), {})};
  fixture.listen("192.0.2.80", 81);
  fixture.newest_connection().read_request();
  fixture.newest_connection().send("HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: http://site.test:81/\r\n\r\n");
  fixture.newest_connection().read_request();
  fixture.newest_connection().send("HTTP/1.1 429 Too Many\r\nContent-Length: 0\r\nRetry-After: 40\r\n\r\n");
  fixture.run_ready();
  REQUIRE(redirected_call.ended());
  CHECK(redirected_call.outcome().value->response->status_code() == 429);
  CHECK(calls.upstream.rate_limit_wait(fixture.time.now()) == 0s);
}

}  // namespace
}  // namespace cohort
