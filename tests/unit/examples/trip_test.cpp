// SPDX-License-Identifier: BSL-1.0
#include "examples/deadlines/trip.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cohort/http/client/fetch.hpp>
#include <cohort/sim/fleet.hpp>

using namespace cohort;
using namespace std::chrono_literals;

// Returns the routes of an upstream that responds to every path after a delay, with the path as JSON.
static http::router stub(duration delay) {
  struct handlers {
    static task<http::response> respond(duration delay, std::string path) {
      auto pause = sleep_for(delay);
      const auto status = co_await std::move(pause);
      // The wait is cancelled at the caller's deadline: there is no result.
      if (status == wait_status::cancelled) co_return http::error_response(http::status::gateway_timeout, "cancelled");
      co_return http::json_response('"' + path + '"');
    }
  };
  http::router routes;
  routes.get("/{path...}", [delay](http::request_context& request) {
    return handlers::respond(delay, std::string{request.parameter("path")});
  });
  return routes;
}

struct trip_fleet : sim::fleet {
  explicit trip_fleet(std::uint64_t seed, sim::event_log::mode recorded = sim::event_log::mode::hash)
      : fleet(seed, recorded) {}

  sim::node& add(const std::string& name, duration delay) {
    return add_stub_server(name, 80, [delay] { return stub(delay); });
  }

  sim::node& flights = add("flights", 20ms);
  sim::node& hotels = add("hotels", 30ms);
  sim::node& rates = add("rates", 200ms);
  sim::node& backup_rates = add("backup-rates", 50ms);
  sim::node& trip = add_service(trip::trip_service, "trip",
                                {{"FLIGHTS_URL", "http://flights"},
                                 {"HOTELS_URL", "http://hotels"},
                                 {"RATES_URL", "http://rates"},
                                 {"BACKUP_RATES_URL", "http://backup-rates"}});
};

TEST_CASE("trip example: a trip plan has flights and hotels", "[examples][sim]") {
  trip_fleet fleet{1};
  const auto response = fleet.call(fleet.trip.url() + "/api/plan");
  CHECK(response->status == http::status::ok);
  CHECK(response->body == R"({"flights":"flights","hotels":"hotels"})");
  CHECK(fleet.elapsed() < 50ms);  // the calls are concurrent; sequential calls would take 20 ms + 30 ms
}

TEST_CASE("trip example: unresponsive hotels delay the plan by 300 ms and are omitted", "[examples][sim]") {
  trip_fleet fleet{1};
  fleet.network().black_hole_connections(fleet.hotels.host());
  const auto response = fleet.call(fleet.trip.url() + "/api/plan");
  CHECK(response->body == R"({"flights":"flights","hotels":null})");
  CHECK(fleet.elapsed() < 310ms);
}

TEST_CASE("trip example: the response of the faster of two providers is used", "[examples][sim]") {
  trip_fleet fleet{1};
  CHECK(fleet.call(fleet.trip.url() + "/api/rate")->body == "\"rate\"");
  CHECK(fleet.elapsed() < 60ms);
  fleet.shutdown();
  CHECK(fleet.leaks() == sim::no_leaks);  // the other call was cancelled and left no resources
}

TEST_CASE("trip example: consecutive calls share one time budget", "[examples][sim]") {
  trip_fleet fleet{1};
  CHECK(fleet.call(fleet.trip.url() + "/api/offer")->body == "\"offer\"");
  fleet.network().partition(fleet.trip.host(), fleet.hotels.host());
  const auto start = fleet.elapsed();
  CHECK(fleet.call(fleet.trip.url() + "/api/offer")->status == http::status::gateway_timeout);
  CHECK(fleet.elapsed() - start < 510ms);
}

TEST_CASE("trip example: a client that disconnects cancels the calls to the upstreams", "[examples][sim]") {
  trip_fleet fleet{1};
  const auto response = fleet.call(fleet.trip.url() + "/api/rate", 10ms);
  CHECK(response.error() == http::client_error::response_timeout);
  fleet.run_for(30ms);  // shorter than the delay of each upstream
  CHECK(fleet.network().connections(fleet.trip.host(), fleet.rates.host()).empty());
}

// Injects random faults: resets, a crash of the hotels, a partition.
static task<> inject_faults(trip_fleet& fleet) {
  auto& random = fleet.event_loop().random();
  fleet.network().on_connection([&](sim::connection& opened) {
    const bool is_upstream_call = &opened.client() == &fleet.trip.host();
    if (is_upstream_call && random.uniform_below(10) == 0)
      opened.reset_after(opened.server(), random.uniform_below(300));
  });
  for (;;) {
    auto pause = sleep_for(std::chrono::milliseconds{random.uniform_below(200)});
    co_await std::move(pause);
    fleet.note("the hotels crash, and the flights are partitioned");
    fleet.kill(fleet.hotels);
    fleet.network().partition(fleet.trip.host(), fleet.flights.host());
    auto outage = sleep_for(50ms);
    co_await std::move(outage);
    fleet.start(fleet.hotels);
    fleet.network().heal(fleet.trip.host(), fleet.flights.host());
  }
}

static std::uint64_t run(std::uint64_t seed) {
  INFO("seed " << seed);
  trip_fleet fleet{seed};
  fleet.spawn(inject_faults(fleet));
  for (int i = 0; i < 20; ++i) {
    const auto start = fleet.elapsed();
    const auto response = fleet.call(fleet.trip.url() + "/api/plan");
    // The client's request does not time out, regardless of the upstreams.
    REQUIRE(response.has_value());
    CHECK((response->status == http::status::ok || response->status == http::status::gateway_timeout));
    CHECK(fleet.elapsed() - start < 1010ms);
  }
  CHECK(fleet.recorder().violations().empty());
  fleet.shutdown();
  CHECK(fleet.leaks() == sim::no_leaks);
  return fleet.event_log().hash();
}

TEST_CASE("trip example: the response arrives in time regardless of upstream failures", "[examples][sim]") {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) run(seed);
}

TEST_CASE("trip example: the same seed produces the same run", "[examples][sim]") { CHECK(run(7) == run(7)); }

TEST_CASE("trip example: the timeline shows each event of a run", "[examples][sim]") {
  trip_fleet fleet{1, sim::event_log::mode::timeline};
  fleet.network().refuse_connections(fleet.hotels.host());
  CHECK(fleet.call(fleet.trip.url() + "/api/plan")->status == http::status::ok);
  INFO(fleet.event_log().text());
  CHECK(fleet.event_log().text().find("hotels → trip #3  refused") != std::string::npos);
}
