// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>

#include <cohort/service/service.hpp>
#include "tests/unit/service/service_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

http::response empty_response(request_context&) { return http::response{}; }

/// Returns the exit status and the standard error of a program with these routes.
std::pair<int, std::vector<std::string>> run_with(std::function<void(http::router&)> add_routes) {
  captured_log standard_error;
  service::definition definition;
  definition.name = "conflict-service";
  definition.metric_prefix = "conflict_service";
  definition.description = "A service with invalid routes";
  definition.port = 5013;
  definition.app = [&add_routes](service::service_context&, service::api_key_authenticator&) {
    http::router routes;
    add_routes(routes);
    return routes;
  };
  const std::array arguments{"conflict-service", "--port", "0", "--threads", "1"};
  const auto status = service::run(static_cast<int>(arguments.size()), arguments.data(), std::move(definition));
  return {status, standard_error.close()};
}

TEST_CASE("service: with an invalid route, the program prints one line and exits with status 2",
          "[service][threads][case-6.5]") {
  const auto [status, lines] = run_with([](http::router& routes) {
    routes.get("/a/{x}", empty_response);
    routes.get("/a/{y}", empty_response);
  });
  CHECK(status == 2);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].starts_with("conflict-service: conflicting routes: GET /a/{x} (route_conflicts_test.cpp:"));
}

TEST_CASE("service: with a route that overrides a health or metrics route, the program exits",
          "[service][threads][case-6.5]") {
  for (const auto* path : {"/health", "/livez", "/readyz", "/metrics"}) {
    const auto [status, lines] = run_with([path](http::router& routes) { routes.post(path, empty_response); });
    CAPTURE(path);
    CHECK(status == 2);
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].starts_with("conflict-service: the route " + std::string{path} + " (route_conflicts_test.cpp:"));
    CHECK(lines[0].ends_with(") conflicts with the health and metrics routes of every service"));
  }
}

TEST_CASE(
    "service: after an exception of app(), the program prints one line and exits with the status of the exception or 1",
    "[service][threads]") {
  {
    const auto [status, lines] =
        run_with([](http::router&) { throw service::start_error{"DATABASE_URL is not a connection string", 3}; });
    CHECK(status == 3);
    CHECK(lines == log_lines{"conflict-service: DATABASE_URL is not a connection string"});
  }
  {
    const auto [status, lines] = run_with([](http::router&) { throw 5; });
    CHECK(status == 1);
    CHECK(lines == log_lines{"conflict-service: unknown exception"});
  }
  const auto [status, lines] = run_with([](http::router&) { throw std::runtime_error{"no template"}; });
  CHECK(status == 1);
  CHECK(lines == log_lines{"conflict-service: no template"});
}

TEST_CASE("service: with requires_api_key and no key, the program prints one line and exits with status 2",
          "[service][threads][authentication]") {
  captured_log standard_error;
  service::definition definition;
  definition.name = "order-service";
  definition.requires_api_key = true;
  definition.app = [](service::service_context&, service::api_key_authenticator&) { return http::router{}; };
  const std::array arguments{"order-service", "--port", "0", "--threads", "1"};
  const auto status = service::run(static_cast<int>(arguments.size()), arguments.data(), std::move(definition));
  CHECK(status == 2);
  CHECK(standard_error.close() ==
        log_lines{"order-service: the service order-service needs an API key: set API_KEY_FILE or API_KEY"});
}

}  // namespace
}  // namespace cohort
