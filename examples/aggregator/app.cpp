// SPDX-License-Identifier: BSL-1.0
#include "examples/aggregator/app.hpp"

#include "examples/aggregator/overview.hpp"

using namespace cohort;
using namespace std::chrono_literals;

namespace aggregator {

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
               [upstreams](http::request_context& request) { return show_overview(upstreams, request); });
    return routes;
  };
  return aggregator;
}

}  // namespace aggregator
