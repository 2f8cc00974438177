// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/url/parse.hpp>

#include <cohort/http/client/upstream/upstream.hpp>
#include <cohort/sim/fleet.hpp>
#include <cohort/sim/shrink/schedule_player.hpp>
#include <cohort/sim/shrink/shrink.hpp>

namespace shop {

using namespace cohort;
using namespace std::chrono_literals;

// The service under test: `/price` and `/stock` forward the response of an upstream. The expected status is 200 or 503.
// The bug: `/stock` responds with 500 if its call fails.
inline task<http::response> forward(http::upstream& upstream, std::string url, call_context context) {
  http::client_request request;
  request.url = *boost::urls::parse_uri(url);
  auto call_task = upstream.call(std::move(request), context);
  const auto result = co_await std::move(call_task);
  if (result.response) co_return http::response{}.body(result.response->body, "text/plain");
  const bool is_price = upstream.name() == "price";
  co_return http::error_response(is_price ? http::status::service_unavailable : http::status::internal_server_error,
                                 "no " + upstream.name());
}

inline service::definition definition() {
  service::definition shop;
  shop.name = "shop";
  shop.metric_prefix = "shop";
  shop.port = 8080;
  shop.app = [](service::service_context& context, service::api_key_authenticator&) {
    http::upstream_settings settings;
    settings.timeout = 300ms;
    http::router routes;
    for (const std::string name : {"price", "stock"}) {
      const auto upstream = std::make_shared<http::upstream>(context.make_upstream(name, settings));
      routes.get("/" + name, [upstream, name](http::request_context& request) {
        return forward(*upstream, "http://" + name + "/", request);
      });
    }
    return routes;
  };
  return shop;
}

inline http::router upstream_routes() {
  http::router routes;
  routes.get("/", [](http::request_context&) { return http::response{}.body("7", "text/plain"); });
  return routes;
}

// Runs a schedule in a new fleet, with a second instance of `stock` if the schedule contains its node. Returns the kind
// of the failure, or an empty string.
inline std::string run(const sim::schedule& schedule) {
  sim::fleet fleet{schedule.seed};
  fleet.add_stub_server("price", 80, upstream_routes);
  fleet.add_stub_server("stock", 80, upstream_routes);
  if (schedule.has_node("stock-2")) fleet.add_stub_server("stock", 80, upstream_routes);
  fleet.add_service(definition, "shop");
  std::string failure;
  sim::player_settings settings;
  settings.on_response = [&](const sim::scheduled_event& event, const http::client_result& response) {
    const bool is_expected =
        response && (response->status == http::status::ok || response->status == http::status::service_unavailable);
    if (!is_expected) failure = "unexpected response of " + event.peer;
  };
  sim::play(fleet, schedule, std::move(settings));
  fleet.run_for(schedule.length() + 40s);
  fleet.shutdown();
  if (failure.empty() && !fleet.leaks().empty()) failure = "leak";
  return failure;
}

// A schedule with 100 requests in 2 s, and four faults.
inline sim::schedule draw(std::uint64_t seed) {
  random_generator random{seed};
  sim::schedule drawn;
  drawn.seed = seed;
  drawn.nodes = {"stock-2"};
  for (int i = 0; i < 100; ++i) {
    drawn.events.push_back({.at = 20ms * i, .node = "shop", .peer = random.bernoulli(0.5) ? "/price" : "/stock"});
  }
  for (int i = 0; i < 4; ++i)
    drawn.events.push_back(sim::random_fault(random, {"price", "stock", "stock-2"}, {"shop"}, 2s));
  return drawn;
}

}  // namespace shop
