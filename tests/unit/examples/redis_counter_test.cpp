// SPDX-License-Identifier: BSL-1.0
#include "examples/redis-counter/visits.hpp"

#include <boost/url/parse.hpp>
#include <catch2/catch_test_macros.hpp>

#include <cohort/http/client/fetch.hpp>
#include <cohort/redis/simulated_server.hpp>
#include <cohort/sim/fleet.hpp>

namespace cohort::test {
namespace {

using namespace std::chrono_literals;

struct visits_fleet : sim::fleet {
  visits_fleet() : fleet(1) { spawn(server.run(network().listen(redis_host, 6379))); }
  // Stops the fleet before the members are destroyed.
  ~visits_fleet() { shutdown(0s); }

  http::client_response visit() {
    http::client_request sent;
    sent.method = http::method::post;
    sent.url = boost::urls::parse_uri(visits.url() + "/api/visits/home").value();
    return run(http::fetch(client(), std::move(sent), deadline::after(event_loop().now(), 20s))).value();
  }

  redis::simulated_server server{"secret"};
  sim::host& redis_host = network().add_host("redis");
  sim::node& visits =
      add_service(visits::visit_service, "visits", {{"REDIS_HOST", "redis"}, {"REDIS_PASSWORD", "secret"}});
};

TEST_CASE("Redis example: the count of visits expires after a day", "[examples][redis]") {
  visits_fleet fleet;
  CHECK(fleet.visit().body == "1");
  CHECK(fleet.visit().body == "2");
  fleet.run_for(24h);
  CHECK(fleet.visit().body == "1");
  fleet.shutdown();
  CHECK(fleet.leaks() == sim::no_leaks);
}

TEST_CASE("Redis example: requests fail with 503 while Redis is unreachable, and the service recovers",
          "[examples][redis]") {
  visits_fleet fleet;
  CHECK(fleet.visit().body == "1");
  fleet.network().kill(fleet.redis_host);
  CHECK(fleet.visit().status == http::status::service_unavailable);
  fleet.network().restart(fleet.redis_host);
  fleet.spawn(fleet.server.run(fleet.network().listen(fleet.redis_host, 6379)));
  fleet.run_for(2s);
  CHECK(fleet.visit().body == "2");
}

}  // namespace
}  // namespace cohort::test
