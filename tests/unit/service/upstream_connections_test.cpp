// SPDX-License-Identifier: BSL-1.0
// Tests of the connections of a service to its upstreams.
#include <boost/url/parse.hpp>
#include <catch2/catch_test_macros.hpp>

#include <cohort/http/client/fetch.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>
#include <cohort/runtime/concurrency/when_all.hpp>
#include <cohort/sim/fleet.hpp>
#include "tests/support/series.hpp"

namespace cohort {
namespace {

using namespace std::chrono_literals;

task<http::response> respond_slowly() {
  auto pause = sleep_for(20ms);
  co_await std::move(pause);
  co_return http::response{}.body("slow", "text/plain");
}

service::definition back_service() {
  service::definition definition;
  definition.name = "back";
  definition.app = [](service::service_context&, service::api_key_authenticator&) {
    http::router routes;
    routes.get("/", [](http::request_context&) { return respond_slowly(); });
    return routes;
  };
  return definition;
}

task<http::response> call_backend(http::client& client, std::size_t count, deadline call_deadline) {
  std::vector<task<http::client_result>> calls;
  for (std::size_t i = 0; i < count; ++i) {
    http::client_request request;
    request.url = boost::urls::url{*boost::urls::parse_uri("http://back/")};
    calls.push_back(http::fetch(client, std::move(request), call_deadline));
  }
  auto call_task = when_all(std::move(calls));
  const auto results = co_await std::move(call_task);
  for (const auto& result : results)
    if (!result) co_return http::error_response(http::status::bad_gateway, http::error_class(result.error()));
  co_return http::response{}.body("all", "text/plain");
}

/// `/one` makes one call to the service `back`, and `/burst` makes eight concurrent calls.
service::definition front_service() {
  service::definition definition;
  definition.name = "front";
  definition.app = [](service::service_context& context, service::api_key_authenticator&) {
    http::router routes;
    const auto add = [&](const char* path, std::size_t count) {
      routes.get(path, [&client = context.client, count](http::request_context& request) {
        return call_backend(client, count, request.deadline());
      });
    };
    add("/one", 1);
    add("/burst", 8);
    return routes;
  };
  return definition;
}

TEST_CASE("service: under a steady load, connections to an upstream are neither opened nor closed",
          "[service][sim][case-5.8]") {
  sim::fleet fleet{1};
  const auto& back = fleet.add_service(back_service, "back");
  fleet.add_service(front_service, "front");
  const auto value_of = [&](const std::string& series) {
    return test::find_series(back.metrics().prometheus_text(), series).value_or(-1);
  };
  // A burst of calls every 45 s simulates that many concurrent calls are occasionally slow, even under a steady load.
  const auto run_for = [&](int seconds) {
    for (int second = 0; second < seconds; ++second) {
      REQUIRE(fleet.call(second % 45 == 0 ? "http://front/burst" : "http://front/one")->status == http::status::ok);
      fleet.run_for(1s);
    }
  };

  run_for(90);
  CHECK(value_of("cohort_server_connections_total") == 8);
  run_for(135);
  CHECK(value_of("cohort_server_connections_total") == 8);
  CHECK(value_of("cohort_server_connections") == 8);

  // Unused connections are closed.
  for (int second = 0; second < 60; ++second) {
    CHECK(fleet.call("http://front/one")->status == http::status::ok);
    fleet.run_for(1s);
  }
  CHECK(value_of("cohort_server_connections") == 1);
}

}  // namespace
}  // namespace cohort
