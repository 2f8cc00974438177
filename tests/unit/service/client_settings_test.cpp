// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>

#include <boost/url/parse.hpp>

#include <cohort/service/service.hpp>
#include <cohort/sim/fleet.hpp>

// Tests of the settings of a service's clients.
namespace cohort {
namespace {

http::router large_page_routes() {
  http::router routes;
  routes.get("/", [](http::request_context&) { return http::response{}.body(std::string(2000, 'x'), "text/plain"); });
  return routes;
}

task<http::response> outcome_of(std::shared_ptr<http::upstream> target, http::request_context* context) {
  http::client_request request;
  request.url = boost::urls::url{*boost::urls::parse_uri("http://pages/")};
  auto call_task = target->call(std::move(request), *context);
  const auto call_result = co_await std::move(call_task);
  const std::string text{call_result.response ? "ok" : http::error_class(call_result.response.error())};
  co_return http::response{}.body(text, "text/plain");
}

service::definition caller() {
  service::definition definition;
  definition.name = "caller";
  definition.metric_prefix = "caller";
  definition.port = 80;
  definition.app = [](service::service_context& context, service::api_key_authenticator&) {
    http::client_settings settings;
    settings.max_body_bytes = 1000;
    const auto limited_upstream = std::make_shared<http::upstream>(context.make_upstream("limited", {}, settings));
    const auto unlimited_upstream = std::make_shared<http::upstream>(context.make_upstream("unlimited"));
    http::router routes;
    routes.get("/limited",
               [limited_upstream](http::request_context& request) { return outcome_of(limited_upstream, &request); });
    routes.get("/unlimited", [unlimited_upstream](http::request_context& request) {
      return outcome_of(unlimited_upstream, &request);
    });
    return routes;
  };
  return definition;
}

TEST_CASE("service context: an upstream with client settings has separate limits and connections",
          "[service][instance][sim]") {
  sim::fleet fleet{1};
  fleet.add_stub_server("pages", 80, large_page_routes);
  fleet.add_service(caller, "caller");
  CHECK(fleet.call("http://caller/limited")->body == "too_big");
  CHECK(fleet.call("http://caller/unlimited")->body == "ok");
  // Idle connections of both clients are closed at the end.
  fleet.shutdown();
  CHECK(fleet.leaks() == sim::no_leaks);
}

}  // namespace
}  // namespace cohort
