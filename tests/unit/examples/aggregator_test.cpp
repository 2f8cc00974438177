// SPDX-License-Identifier: BSL-1.0
#include "examples/aggregator/app.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cohort/runtime/concurrency/wait_queue.hpp>
#include <cohort/testing/catch2.hpp>
#include <cohort/testing/client.hpp>

namespace cohort::test {
namespace {

using namespace std::chrono_literals;

task<http::response> respond_after(duration delay, std::string body) {
  // The server cancels the handler at the deadline of the request.
  const auto status = co_await sleep_for(delay);
  if (status == wait_status::cancelled) co_return http::response{http::status::gateway_timeout};
  co_return http::json_response(std::move(body));
}

struct aggregator_fixture {
  aggregator_fixture() {
    for (const std::string name : {"product", "price", "reviews"}) {
      fleet.add_stub_server(name, 80, [this, name] {
        http::router routes;
        routes.get("/{id}", [this, name](http::request_context& context) {
          auto body = name == "price" ? price : "\"" + name + " " + std::string{context.parameter("id")} + "\"";
          return respond_after(delay, std::move(body));
        });
        return routes;
      });
    }
  }

  sim::fleet fleet{1};
  duration delay = 100ms;
  std::string price = "1.5";
  sim::node& node = fleet.add_service(
      aggregator::service, "aggregator",
      {{"PRODUCT_URL", "http://product/"}, {"PRICE_URL", "http://price/"}, {"REVIEWS_URL", "http://reviews/"}});
  testing::client client{fleet, node.url()};
};

TEST_CASE("aggregator example: three upstreams are called concurrently", "[examples]") {
  aggregator_fixture fixture;
  const auto start = fixture.fleet.elapsed();
  CHECK(fixture.client.get("/api/product/7")->body ==
        R"({"product":"product 7","price":1.5,"reviews":"reviews 7","degraded":false})");
  CHECK(fixture.fleet.elapsed() - start < 200ms);
}

TEST_CASE("aggregator example: an optional upstream is omitted if it is slow, is down or sends an invalid body",
          "[examples]") {
  aggregator_fixture fixture;
  fixture.price = "{";
  fixture.fleet.network().black_hole_connections(fixture.fleet.find("reviews")->host());
  const auto start = fixture.fleet.elapsed();
  const auto response = fixture.client.get("/api/product/7");
  CHECK(response->body == R"({"product":"product 7","price":null,"reviews":null,"degraded":true})");
  CHECK(fixture.fleet.elapsed() - start < 250ms);
}

TEST_CASE("aggregator example: if the required upstream does not respond, the response is 502 at its deadline",
          "[examples]") {
  aggregator_fixture fixture;
  fixture.delay = 10s;
  const auto start = fixture.fleet.elapsed();
  CHECK(fixture.client.get("/api/product/7")->status == http::status::bad_gateway);
  CHECK(fixture.fleet.elapsed() - start < 550ms);
}

}  // namespace
}  // namespace cohort::test
