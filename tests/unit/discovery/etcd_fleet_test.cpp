// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>

#include "simulation/external_systems/simulated_etcd.hpp"
#include "tests/unit/discovery/discovery_fixture.hpp"

namespace cohort::test {
namespace {

const std::string endpoints_series = R"(cohort_discovery_endpoints{upstream="api",source="etcd"})";
const std::string registered_series = R"(cohort_discovery_registered{source="etcd"})";

/// A front that discovers the replicas of a service in etcd. The replicas register with a TTL of 10 s.
struct etcd_fixture {
  explicit etcd_fixture(std::uint64_t seed) : fleet(seed) {
    add_replica("first");
    add_replica("second");
    fleet.run_for(1s);
  }
  ~etcd_fixture() {
    CHECK(requests.failures() == 0);
    fleet.shutdown();
    CHECK(fleet.leaks() == sim::no_leaks);
  }
  etcd_fixture(const etcd_fixture&) = delete;
  etcd_fixture& operator=(const etcd_fixture&) = delete;

  sim::node& add_replica(const std::string& name) {
    return fleet.add_service([name] { return replica_definition(name); }, name,
                             {{"REGISTER", "etcd://etcd/services?ttl=10"}, {"DRAIN_DELAY", "2"}});
  }
  int known_endpoint_count() const { return static_cast<int>(metric_value(front, endpoints_series)); }

  simulation::simulated_etcd data;
  sim::fleet fleet;
  sim::node& etcd = fleet.add_stub_server("etcd", 2379, [this] { return data.router(); });
  sim::node& front = fleet.add_service(front_definition, "front", {{"API_URL", "etcd://etcd/services/api"}});
  load requests{fleet};
};

TEST_CASE("etcd: replicas register themselves and receive requests", "[discovery][sim]") {
  etcd_fixture test{1};
  CHECK(test.data.values().size() == 2);
  CHECK(test.data.values().begin()->first == "/services/api/10-0-0-3-8080");
  CHECK(test.data.values().begin()->second == R"({"host":"10.0.0.3","port":8080})");
  CHECK(test.known_endpoint_count() == 2);
  test.requests.run(200);
  CHECK(test.requests.response_count("first") > 50);
  CHECK(test.requests.response_count("second") > 50);
  // The leases are renewed for much longer than their TTL, without an event on the watches.
  const auto revision = test.data.revision();
  test.fleet.run_for(120s);
  CHECK(test.data.values().size() == 2);
  CHECK(test.data.revision() == revision);
}

TEST_CASE("etcd: a killed replica is removed within the time to live of its lease, and no request fails",
          "[discovery][sim]") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    INFO("seed " << seed);
    etcd_fixture test{seed};
    test.requests.run(100);
    test.fleet.kill(*test.fleet.find("second"));
    test.requests.run(1050);  // 10.5 s
    CHECK(test.known_endpoint_count() == 1);
    CHECK(test.data.values().size() == 1);
    test.requests.clear_responses();
    test.requests.run(100);
    CHECK(test.requests.response_count("first") == 100);
  }
}

TEST_CASE("etcd: a new replica receives requests within 1 s", "[discovery][sim]") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    INFO("seed " << seed);
    etcd_fixture test{seed};
    test.requests.run(50);
    test.add_replica("third");
    test.requests.run(500, 2ms);  // 1 s; slow start limits the replica to a tenth of its share
    CHECK(test.known_endpoint_count() == 3);
    CHECK(test.requests.response_count("third") > 0);
  }
}

TEST_CASE("etcd: a stopping replica deregisters before it drains", "[discovery][sim]") {
  etcd_fixture test{1};
  test.fleet.spawn(test.fleet.stop(*test.fleet.find("second"), 10s));
  test.requests.run(100);
  CHECK(test.data.values().size() == 1);
  CHECK(test.known_endpoint_count() == 1);
  test.requests.clear_responses();
  test.requests.run(300);
  CHECK(test.requests.response_count("first") == 300);
}

TEST_CASE("etcd: an unreachable server does not change the endpoints", "[discovery][sim]") {
  etcd_fixture test{3};
  test.requests.run(50);
  SECTION("killed") { test.fleet.kill(test.etcd); }
  SECTION("powered off") { test.fleet.power_off(test.etcd); }
  SECTION("partitioned from all") {
    for (const auto* name : {"front", "first", "second"}) {
      test.fleet.network().partition(test.etcd.host(), test.fleet.find(name)->host());
    }
  }
  test.requests.clear_responses();
  test.requests.run(900, 100ms);  // 90 s
  CHECK(test.known_endpoint_count() == 2);
  CHECK(test.requests.response_count("first") > 250);
  CHECK(test.requests.response_count("second") > 250);
  CHECK(metric_value(test.front, R"(cohort_discovery_errors_total{upstream="api",source="etcd"})") > 2);
  CHECK(metric_value(*test.fleet.find("first"), registered_series) == 0);

  if (test.etcd.is_running()) {
    for (const auto* name : {"front", "first", "second"}) {
      test.fleet.network().heal(test.etcd.host(), test.fleet.find(name)->host());
    }
  } else {
    test.fleet.start(test.etcd);
  }
  test.requests.run(100, 100ms);
  CHECK(metric_value(*test.fleet.find("first"), registered_series) == 1);
  CHECK(test.data.values().size() == 2);
  test.add_replica("third");
  test.requests.run(500, 2ms);  // slow start: a new replica first receives a tenth of its share
  CHECK(test.known_endpoint_count() == 3);
  CHECK(test.requests.response_count("third") > 0);
}

TEST_CASE("etcd: after the server loses its data, replicas re-register and no request fails", "[discovery][sim]") {
  etcd_fixture test{4};
  test.fleet.kill(test.etcd);
  test.data.erase_all_data();
  test.fleet.start(test.etcd);
  test.requests.run(150, 100ms);
  CHECK(test.data.values().size() == 2);
  CHECK(test.known_endpoint_count() == 2);
  test.add_replica("third");
  test.requests.run(500, 2ms);  // slow start: a new replica first receives a tenth of its share
  CHECK(test.requests.response_count("third") > 0);
}

TEST_CASE("etcd: a registration key deleted by another client is restored", "[discovery][sim]") {
  etcd_fixture test{5};
  test.data.erase(test.data.values().begin()->first);
  CHECK(test.data.values().size() == 1);
  test.fleet.run_for(4s);  // a third of the time to live
  CHECK(test.data.values().size() == 2);
}

TEST_CASE("etcd: after the revision of a watch was compacted, the endpoints are listed again", "[discovery][sim]") {
  etcd_fixture test{6};
  const auto ranges = test.data.range_request_count();
  test.data.put("/services/other/1", "10.0.0.9:1");
  test.data.compact();
  test.requests.run(100);
  CHECK(test.data.range_request_count() == ranges + 1);
  CHECK(test.known_endpoint_count() == 2);
}

TEST_CASE("etcd: an empty list replaces the known endpoints only after a minute", "[discovery][sim]") {
  simulation::simulated_etcd data;
  sim::fleet fleet{7};
  fleet.add_stub_server("etcd", 2379, [&] { return data.router(); });
  auto& front = fleet.add_service(front_definition, "front", {{"API_URL", "etcd://etcd/services/api"}});
  fleet.run_for(1s);
  data.put("/services/api/x", "10.0.0.77:8080");
  fleet.run_for(1s);
  data.erase("/services/api/x");
  fleet.run_for(55s);
  CHECK(metric_value(front, endpoints_series) == 1);
  // The watch confirms the list every 30 s.
  fleet.run_for(40s);
  CHECK(metric_value(front, endpoints_series) == 0);
  CHECK(fleet.call("http://front/")->status == http::status::bad_gateway);
}

TEST_CASE("etcd: values that are not valid endpoints are ignored", "[discovery][sim]") {
  simulation::simulated_etcd data;
  sim::fleet fleet{8};
  fleet.add_stub_server("etcd", 2379, [&] { return data.router(); });
  for (const auto* value : {"", "x", "[]", "10.0.0.1", "10.0.0.1:0", "0.0.0.0:80", R"({"host":"h","port":1})",
                            R"({"host":"10.0.0.1","port":65536})", R"({"port":80})"}) {
    data.put("/services/api/bad" + std::string{value}, value);
  }
  data.put("/services/api/good", "[2001:db8::1]:443");
  data.put("/services/apix/other", "10.0.0.1:80");
  auto& front = fleet.add_service(front_definition, "front", {{"API_URL", "etcd://etcd/services/api"}});
  fleet.run_for(1s);
  CHECK(metric_value(front, endpoints_series) == 1);
}

}  // namespace
}  // namespace cohort::test
