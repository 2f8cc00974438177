// SPDX-License-Identifier: BSL-1.0
#include <boost/url/parse.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "tests/unit/sim/greeter.hpp"

namespace cohort::sim {
namespace {

TEST_CASE("fleet: the default port of a service is 80, and the default prefix of its metrics is its name",
          "[sim][fleet]") {
  fleet fleet{1};
  auto& node = fleet.add_service(
      [] {
        auto service = greeter();
        service.name = "plain-service";
        service.metric_prefix.clear();
        service.port = 0;
        return service;
      },
      "plain");
  CHECK(node.url() == "http://plain:80");
  CHECK(fleet.call(node.url() + "/greeting")->body == "hello");
  const auto metrics = fleet.call(node.url() + "/metrics");
  CHECK(metrics->body.find("\nplain_service_http_requests_total{") != std::string::npos);
}

TEST_CASE("fleet: reading the response of a call that failed throws an exception with the reason", "[sim][fleet]") {
  fleet fleet{1};
  const auto failed_response = fleet.call("http://unknown/greeting");
  CHECK(failed_response.error() == http::client_error::resolve_failed);
  CHECK_THROWS_WITH(failed_response->status, Catch::Matchers::ContainsSubstring("resolve"));
  CHECK_THROWS_AS(*failed_response, boost::system::system_error);
}

TEST_CASE("fleet: an upstream that is referenced by the settings of a service may be destroyed after the service",
          "[sim][fleet]") {
  const auto kept = std::make_shared<std::optional<http::upstream>>();
  {
    fleet fleet{1};
    auto& backend = fleet.add_service(greeter, "backend");
    auto& front = fleet.add_service(
        [kept, url = backend.url() + "/greeting"] {
          struct handlers {
            static task<http::response> call(std::shared_ptr<std::optional<http::upstream>> upstream, std::string url,
                                             call_context context) {
              http::client_request request;
              request.url = boost::urls::parse_uri(url).value();
              auto result = co_await (*upstream)->call(std::move(request), context);
              co_return http::response{}.body(result.response.value().body, "text/plain");
            }
          };
          service::definition front;
          front.name = "front";
          front.app = [kept, url](service::service_context& context, service::api_key_authenticator&) {
            kept->emplace(context.make_upstream("backend"));
            http::router routes;
            routes.get("/", [kept, url](http::request_context& request) { return handlers::call(kept, url, request); });
            return routes;
          };
          return front;
        },
        "front");
    CHECK(fleet.call(front.url() + "/")->body == "hello");
  }
  kept->reset();
}

}  // namespace
}  // namespace cohort::sim
