// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>

#include <cohort/runtime/concurrency/wait_queue.hpp>
#include <cohort/testing/catch2.hpp>
#include <cohort/testing/client.hpp>

#include "examples/aggregator/app.hpp"

using namespace cohort;
using namespace std::chrono_literals;

static http::router stub() {
  http::router routes;
  routes.get("/{id}", [](http::request_context&) { return http::json_response("1"); });
  return routes;
}

/// A fleet with the aggregator and its three upstreams, and the script of one incident.
struct incident_fixture {
  explicit incident_fixture(std::uint64_t seed) : fleet(seed) {
    for (const auto* name : {"product", "price", "reviews"}) fleet.add_stub_server(name, 80, stub);
    node = &fleet.add_service(
        aggregator::service, "aggregator",
        {{"PRODUCT_URL", "http://product/"}, {"PRICE_URL", "http://price/"}, {"REVIEWS_URL", "http://reviews/"}});
  }
  sim::host& host(const char* name) { return fleet.find(name)->host(); }

  /// Runs concurrently with the load. The seed determines the duration of each fault.
  static task<> script(incident_fixture& self) {
    auto& network = self.fleet.network();
    const auto pause = [&self] {
      return sleep_for(std::chrono::milliseconds{500 + self.fleet.event_loop().random().uniform_below(1500)});
    };
    self.fleet.kill(*self.fleet.find("price"));
    co_await pause();
    network.partition(self.node->host(), self.host("product"));
    co_await pause();
    self.fleet.start(*self.fleet.find("price"));
    sim::link_conditions slow;
    slow.min_latency = slow.max_latency = 300ms;
    network.set_conditions(self.node->host(), self.host("reviews"), slow);
    co_await pause();
    network.heal(self.node->host(), self.host("product"));
    network.set_conditions(self.node->host(), self.host("reviews"), {});
    self.has_ended = true;
  }

  sim::fleet fleet;
  sim::node* node = nullptr;
  bool has_ended = false;
};

TEST_CASE("simulation example: every response arrives in time during an incident, and is complete after it",
          "[examples]") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    INFO("seed " << seed);
    incident_fixture fixture{seed};
    testing::client client{fixture.fleet, fixture.node->url()};
    fixture.fleet.spawn(incident_fixture::script(fixture));
    unsigned degraded_count = 0;
    while (!fixture.has_ended) {
      const auto start = fixture.fleet.elapsed();
      const auto response = client.get("/api/product/7");
      CHECK(fixture.fleet.elapsed() - start < 600ms);
      REQUIRE(response);
      const bool is_complete = response->body.ends_with(R"("degraded":false})");
      if (!is_complete) ++degraded_count;
      CHECK((response->status == http::status::ok || response->status == http::status::bad_gateway ||
             response->status == http::status::gateway_timeout));
      client.run_for(20ms);
    }
    CHECK(degraded_count > 0);

    // After the incident, the circuit breakers close again.
    client.run_for(2min);
    for (int i = 0; i < 20; ++i) client.get("/api/product/7");
    client.run_for(2min);
    CHECK(client.get("/api/product/7")->body == R"({"product":1,"price":1,"reviews":1,"degraded":false})");
    CHECK(fixture.fleet.recorder().violations().empty());
    fixture.fleet.shutdown();
    CHECK(fixture.fleet.leaks() == sim::no_leaks);
  }
}
