// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <map>
#include <memory>
#include <string>

#include <cohort/discovery/discovery_url.hpp>
#include <cohort/http/server/router.hpp>
#include <cohort/sim/fleet.hpp>
#include "tests/support/series.hpp"
#include "tests/unit/runtime/task_fixtures.hpp"

namespace cohort::test {

/// Returns a service with one route, `/`, whose response is the name of its replica.
inline service::definition replica_definition(const std::string& replica) {
  service::definition definition;
  definition.name = "api";
  definition.metric_prefix = "api";
  definition.port = 8080;
  definition.app = [replica](service::service_context&, service::api_key_authenticator&) {
    http::router routes;
    routes.get("/", [replica](http::request_context&) { return http::response{}.body(replica, "text/plain"); });
    return routes;
  };
  return definition;
}

/// Returns a service that forwards each request to the upstream service of `API_URL`.
inline service::definition front_definition() {
  struct handlers {
    static task<http::response> forward(std::shared_ptr<http::upstream> api, boost::urls::url url,
                                        http::request_context& context) {
      http::client_request request;
      request.url = std::move(url);
      auto call_task = api->call(std::move(request), context);
      const auto result = co_await std::move(call_task);
      if (!result.response) {
        co_return http::error_response(http::status::bad_gateway, http::error_class(result.response.error()));
      }
      co_return http::response{result.response->status}.body(result.response->body, "text/plain");
    }
  };
  auto setting = std::make_shared<std::optional<boost::urls::url>>();
  service::definition definition;
  definition.name = "front";
  definition.metric_prefix = "front";
  definition.port = 80;
  definition.add_options = [setting](config::options& options) {
    options.add(*setting, {"--api-url", "API_URL", "URL of the API"}, discovery::service_url());
  };
  definition.app = [setting](service::service_context& context, service::api_key_authenticator&) {
    auto api = std::make_shared<http::upstream>(context.make_upstream("api"));
    const auto url = context.upstream_url(**setting);
    http::router routes;
    routes.get("/", [api, url](http::request_context& request) { return handlers::forward(api, url, request); });
    return routes;
  };
  return definition;
}

/// Sends requests to the front at a constant rate. Counts the failures, and the responses of each replica.
class load {
 public:
  explicit load(sim::fleet& fleet) : fleet_(fleet) {}

  /// Sends one request per `interval`, `count` in total, and runs the simulation until they complete.
  void run(int count, duration interval = std::chrono::milliseconds{10}) {
    const auto end = fleet_.elapsed() + interval * count;
    for (int i = 0; i < count; ++i) {
      fleet_.spawn(send(this));
      fleet_.run_for(interval);
    }
    while (in_flight_ > 0) fleet_.run_for(interval);
    if (fleet_.elapsed() < end) fleet_.run_for(end - fleet_.elapsed());
  }

  int response_count(const std::string& replica) const {
    const auto found = responses_.find(replica);
    return found == responses_.end() ? 0 : found->second;
  }
  int failures() const noexcept { return failure_count_; }
  void clear_responses() { responses_.clear(); }

 private:
  static task<> send(load* self) {
    ++self->in_flight_;
    http::client_request request;
    request.url = boost::urls::url{"http://front/"};
    const auto call_deadline = deadline::after(loop::current().now(), std::chrono::seconds{2});
    auto send_task = self->fleet_.client().send(request, call_deadline, {});
    auto exchange = co_await std::move(send_task);
    --self->in_flight_;
    if (exchange.response && exchange.response->status == http::status::ok) {
      ++self->responses_[exchange.response->body];
    } else {
      ++self->failure_count_;
    }
  }

  sim::fleet& fleet_;
  std::map<std::string, int> responses_;
  int failure_count_ = 0;
  int in_flight_ = 0;
};

/// Returns the value of a time series of a service, or -1 if it does not exist.
inline double metric_value(const sim::node& node, const std::string& series) {
  return find_series(node.metrics().prometheus_text(), series).value_or(-1);
}

}  // namespace cohort::test
