// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>

#include <cohort/http/client/upstream/upstream_metrics.hpp>
#include <cohort/http/client/upstream/upstream_traffic.hpp>

namespace cohort {
namespace {

using http::client_error;
using http::client_result;
using breaker_state = policy::circuit_breaker::state;

client_result response(http::status status) {
  http::client_response client_response;
  client_response.status = status;
  return client_response;
}

/// The metrics and the traffic of the upstream `a`.
struct traffic_fixture {
  telemetry::registry registry{2};
  http::upstream_metrics metrics{registry, "a"};
  http::upstream_traffic traffic{registry, "a"};

  void record(const client_result& result) { metrics.record_call(result, {}, {}, {}); }
};

TEST_CASE("upstream traffic: cancelled calls are not counted, and rejected calls count as failures",
          "[http][upstream]") {
  traffic_fixture fixture;
  CHECK(fixture.traffic.read().calls == 0);
  fixture.record(response(http::status::ok));
  fixture.record(response(http::status::not_found));
  fixture.record(client_error::cancelled);
  CHECK(fixture.traffic.read().calls == 2);
  CHECK(fixture.traffic.read().failures == 0);
  fixture.record(response(http::status::bad_gateway));
  fixture.record(response(http::status::gateway_timeout));
  fixture.record(client_error::breaker_open);
  fixture.record(client_error::connect_failed);
  CHECK(fixture.traffic.read().calls == 6);
  CHECK(fixture.traffic.read().failures == 4);
}

TEST_CASE("upstream traffic: breakers are counted by state; the counts of addresses are means over the loops",
          "[http][upstream]") {
  traffic_fixture fixture;
  fixture.metrics.record_addresses({}, {.known = 3, .ejected = 1, .ejections = 1});
  CHECK(fixture.traffic.read().addresses == 0);  // no loop has made a call
  fixture.metrics.record_breaker_created();
  fixture.metrics.record_breaker_created();
  fixture.metrics.record_breaker_transition(breaker_state::closed, breaker_state::open);
  fixture.metrics.record_addresses({}, {.known = 3, .ejected = 0, .ejections = 0});
  fixture.metrics.in_flight.add(5);
  const auto totals = fixture.traffic.read();
  CHECK(totals.closed_breakers == 1);
  CHECK(totals.open_breakers == 1);
  CHECK(totals.half_open_breakers == 0);
  CHECK(totals.addresses == 3);
  CHECK(totals.ejected_addresses == 1);
  CHECK(totals.in_flight == 5);
}

TEST_CASE("upstream traffic: metric help texts do not depend on the order of creation", "[http][upstream]") {
  telemetry::registry registry{1};
  const http::upstream_traffic traffic{registry, "a"};
  const http::upstream_metrics metrics{registry, "a"};
  for (const auto& family : registry.collect()) CHECK_FALSE(family.help.empty());
}

}  // namespace
}  // namespace cohort
