// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>

#include "tests/unit/discovery/discovery_fixture.hpp"
#include "tests/unit/discovery/simulated_dns.hpp"

namespace cohort::test {
namespace {

using discovery::dns_type;

/// Two replicas and a name server; `add_front` adds a front.
struct dns_fixture {
  ~dns_fixture() {
    fleet.shutdown();
    CHECK(fleet.leaks() == sim::no_leaks);
  }
  std::string address_of(const std::string& replica) { return fleet.find(replica)->host().address.to_string(); }
  sim::node& add_front(const std::string& url) {
    return fleet.add_service(front_definition, "front", {{"API_URL", url + "?server=" + dns.address()}});
  }
  int known_endpoint_count(const std::string& upstream, const std::string& source) {
    const auto series = "cohort_discovery_endpoints{upstream=\"" + upstream + "\",source=\"" + source + "\"}";
    return static_cast<int>(metric_value(*fleet.find("front"), series));
  }

  sim::fleet fleet{1};
  simulated_dns dns{fleet};
  sim::node& first = fleet.add_service([] { return replica_definition("first"); }, "first");
  sim::node& second = fleet.add_service([] { return replica_definition("second"); }, "second");
  load requests{fleet};
};

TEST_CASE("DNS: records are used until their TTL expires, and then queried again", "[discovery][dns][sim]") {
  dns_fixture test;
  test.dns.set_addresses("api.test", 30, {test.address_of("first")});
  test.add_front("dns://api.test:8080");
  test.requests.run(100);
  CHECK(test.requests.response_count("first") == 100);
  CHECK(test.dns.query_count(dns_type::a) == 1);

  test.dns.set_addresses("api.test", 30, {test.address_of("first"), test.address_of("second")});
  test.fleet.run_for(25s);
  CHECK(test.dns.query_count(dns_type::a) == 1);
  CHECK(test.known_endpoint_count("api.test", "dns") == 1);
  test.fleet.run_for(5s);
  CHECK(test.dns.query_count(dns_type::a) == 2);
  CHECK(test.known_endpoint_count("api.test", "dns") == 2);
  test.requests.run(500, 2ms);
  CHECK(test.requests.response_count("second") > 0);
  CHECK(test.requests.failures() == 0);
}

TEST_CASE("DNS: an unreachable or failing name server does not change the endpoints", "[discovery][dns][sim]") {
  dns_fixture test;
  test.dns.set_addresses("api.test", 5, {test.address_of("first"), test.address_of("second")});
  auto& front = test.add_front("dns://api.test:8080");
  test.requests.run(100);
  SECTION("gone") { test.fleet.network().black_hole_connections(test.dns.host()); }
  SECTION("refuses") { test.fleet.network().refuse_connections(test.dns.host()); }
  SECTION("fails") { test.dns.set_response_code(2); }
  test.requests.run(600, 100ms);
  CHECK(test.requests.failures() == 0);
  CHECK(test.known_endpoint_count("api.test", "dns") == 2);
  CHECK(metric_value(front, R"(cohort_discovery_errors_total{upstream="api.test",source="dns"})") > 2);
}

TEST_CASE("DNS: a TTL of zero does not flood the name server", "[discovery][dns][sim]") {
  dns_fixture test;
  test.dns.set_addresses("api.test", 0, {test.address_of("first")});
  test.add_front("dns://api.test:8080");
  test.fleet.run_for(60s);
  CHECK(test.dns.query_count(dns_type::a) >= 55);
  CHECK(test.dns.query_count(dns_type::a) <= 61);
}

TEST_CASE("DNS: a nonexistent name is queried again after the negative TTL of its SOA record",
          "[discovery][dns][sim]") {
  dns_fixture test;
  test.add_front("dns://api.test:8080");
  test.fleet.run_for(1s);
  CHECK(test.fleet.call("http://front/")->status == http::status::bad_gateway);
  test.dns.set_addresses("api.test", 5, {test.address_of("first")});
  test.fleet.run_for(9s);
  CHECK(test.fleet.call("http://front/")->body == "first");
}

TEST_CASE("SRV: requests are sent to the targets with the lowest priority value, at their ports",
          "[discovery][dns][sim]") {
  dns_fixture test;
  const std::string name = "_http._tcp.api.test";
  test.dns.set(name, dns_type::srv, 5,
               {dns_srv_data(10, 0, 8080, "first.test"), dns_srv_data(20, 0, 8080, "second.test")});
  test.dns.set_addresses("first.test", 60, {test.address_of("first")});
  test.dns.set_addresses("second.test", 60, {test.address_of("second")});
  test.add_front("srv://" + name);
  test.requests.run(100);
  CHECK(test.requests.response_count("first") == 100);

  test.dns.set(name, dns_type::srv, 5, {dns_srv_data(20, 0, 8080, "second.test"), dns_srv_data(20, 0, 1, "")});
  test.fleet.run_for(6s);
  test.requests.clear_responses();
  test.requests.run(100);
  CHECK(test.requests.response_count("second") == 100);
  CHECK(test.requests.failures() == 0);
  CHECK(test.known_endpoint_count("api.test", "srv") == 1);
}

}  // namespace
}  // namespace cohort::test
