// SPDX-License-Identifier: BSL-1.0
#include "examples/aggregator/app.hpp"

#include <boost/url/url.hpp>

#include <cohort/http/message/json_response.hpp>
#include <cohort/json/parser.hpp>
#include <cohort/json/writer.hpp>
#include <cohort/runtime/concurrency/when_all.hpp>

using namespace cohort;
using namespace std::chrono_literals;

namespace aggregator {
namespace {

struct upstream_part {
  http::upstream caller;
  boost::urls::url base;
  duration timeout;
};
using parts = std::vector<upstream_part>;

/// Returns the JSON of one upstream; empty if it did not respond with JSON in time.
task<std::string> fetch(upstream_part* part, std::string id, call_context context) {
  http::client_request request;
  request.url = part->base;
  request.url.segments().push_back(id);
  auto calling = part->caller.call(std::move(request), context, part->timeout);
  const auto response = (co_await std::move(calling)).response;
  const bool is_ok = response && response->status == http::status::ok;
  co_return is_ok ? json::minify(response->body) : std::string{};
}

/// Awaits all upstreams concurrently, each with its own deadline. The product is required; price and reviews are
/// optional.
task<http::response> overview(std::shared_ptr<parts> upstreams, http::request_context& context) {
  std::vector<task<std::string>> calls;
  const std::string id{context.parameter("id")};
  for (auto& part : *upstreams) calls.push_back(fetch(&part, id, context));
  auto waiting = when_all(std::move(calls));
  const auto bodies = co_await std::move(waiting);
  if (bodies[0].empty()) co_return http::error_response(http::status::bad_gateway, "The product is unavailable");

  std::string body;
  json::writer writer{body};
  writer.open_object();
  bool is_degraded = false;
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    writer.key((*upstreams)[i].caller.name());
    bodies[i].empty() ? writer.null() : writer.raw(bodies[i]);
    is_degraded = is_degraded || bodies[i].empty();
  }
  writer.field("degraded", is_degraded).close_object();
  co_return http::json_response(std::move(body));
}

}  // namespace

service::definition service() {
  struct part_option {
    std::string name;
    std::string variable;
    duration timeout;
    boost::urls::url url;
  };
  auto chosen = std::make_shared<std::vector<part_option>>(
      std::vector<part_option>{{"product", "PRODUCT_URL", 500ms, boost::urls::url{"http://127.0.0.1:5021/products"}},
                               {"price", "PRICE_URL", 200ms, boost::urls::url{"http://127.0.0.1:5022/prices"}},
                               {"reviews", "REVIEWS_URL", 200ms, boost::urls::url{"http://127.0.0.1:5023/reviews"}}});
  service::definition aggregator;
  aggregator.name = "aggregator-service";
  aggregator.metric_prefix = "aggregator";
  aggregator.description = "Product page from three upstreams: GET /api/product/{id}";
  aggregator.port = 5024;
  aggregator.add_options = [chosen](config::options& options) {
    for (auto& [name, variable, timeout, url] : *chosen) {
      const auto description = "URL of the " + name + " service; the ID is appended";
      options.add(url, {"--" + name + "-url", variable, description}, config::http_url(), std::string{url.buffer()});
    }
  };
  aggregator.app = [chosen](service::service_context& context, service::api_key_authenticator&) {
    auto upstreams = std::make_shared<parts>();
    for (const auto& [name, variable, timeout, url] : *chosen) {
      upstreams->push_back({context.make_upstream(name), url, timeout});
    }
    http::router routes;
    routes.get("/api/product/{id}",
               [upstreams](http::request_context& request) { return overview(upstreams, request); });
    return routes;
  };
  return aggregator;
}

}  // namespace aggregator
