// SPDX-License-Identifier: BSL-1.0
#include <boost/url/parse.hpp>
#include <catch2/catch_test_macros.hpp>

#include <cohort/http/client/fetch.hpp>
#include <cohort/sim/fleet.hpp>

using namespace cohort;
using namespace std::chrono_literals;

// A service as its main() runs it: the service forwards the response of its backend, with a timeout of 2 s.
static service::definition front() {
  struct handlers {
    static task<http::response> forward(http::client& client, boost::urls::url backend_url) {
      http::client_request request;
      request.url = std::move(backend_url);
      const auto call_deadline = deadline::after(loop::current().now(), 2s);
      const auto response = co_await http::fetch(client, std::move(request), call_deadline);
      if (!response) co_return http::error_response(http::status::bad_gateway, http::error_class(response.error()));
      co_return http::response{}.body(response->body, "text/plain");
    }
  };
  auto backend_url = std::make_shared<std::optional<boost::urls::url>>();
  service::definition definition;
  definition.name = "front";
  definition.metric_prefix = "front";
  definition.port = 8080;
  definition.add_options = [backend_url](config::options& options) {
    options.add(*backend_url, {"--backend-url", "BACKEND_URL", "URL of the backend"}, config::http_url());
  };
  definition.app = [backend_url](service::service_context& context, service::api_key_authenticator&) {
    http::router routes;
    routes.get("/", [backend_url, &client = context.client](http::request_context&) {
      return handlers::forward(client, **backend_url);
    });
    return routes;
  };
  return definition;
}

static http::router backend() {
  http::router routes;
  routes.get("/", [](http::request_context&) { return http::response{}.body("fine", "text/plain"); });
  return routes;
}

TEST_CASE("front: responds within its timeout despite backend failures", "[sim][example]") {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    INFO("seed " << seed);
    sim::fleet fleet{seed};
    auto& backend_node = fleet.add_stub_server("backend", 80, backend);
    auto& front_node = fleet.add_service(front, "front", {{"BACKEND_URL", "http://backend/"}});

    // Reset the backend's first response after fewer than 500 bytes; the seed decides how many.
    fleet.network().on_connection([&](sim::connection& connection) {
      if (&connection.server() != &backend_node.host()) return;
      connection.reset_after(backend_node.host(), fleet.event_loop().random().uniform_below(500));
    });
    const auto response = fleet.call(front_node.url() + "/");
    CHECK(response->status == (response->body == "fine" ? http::status::ok : http::status::bad_gateway));

    // Partition the network, and then heal the partition.
    fleet.network().on_connection({});
    fleet.network().partition(front_node.host(), backend_node.host());
    const auto start = fleet.elapsed();
    CHECK(fleet.call(front_node.url() + "/")->status == http::status::bad_gateway);
    CHECK(fleet.elapsed() - start < 2s + 10ms);
    fleet.network().heal(front_node.host(), backend_node.host());
    CHECK(fleet.call(front_node.url() + "/")->body == "fine");

    CHECK(fleet.recorder().violations().empty());
    fleet.shutdown();
    CHECK(fleet.leaks() == sim::no_leaks);
  }
}
