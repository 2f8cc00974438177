// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/url/parse.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <cohort/config/reloader.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>
#include <cohort/sim/fleet.hpp>
#include "services/gateway/app.hpp"
#include "tests/support/series.hpp"
#include "tests/support/temporary_directory.hpp"

// Fixture of the gateway and of upstream stubs on a virtual clock and a simulated network.
namespace cohort::test {

/// An upstream that responds with its name, and records the requests that it has received.
struct gateway_upstream {
  struct request {
    std::string method;
    std::string target;
    std::vector<std::pair<std::string, std::string>> fields;
    std::string content;

    std::string field(std::string_view field_name) const {
      for (const auto& [known, value] : fields) {
        if (http::iequals(known, field_name)) return value;
      }
      return {};
    }
  };

  std::string name{};
  http::status status = http::status::ok;
  std::string body{};
  duration delay{};
  std::vector<request> requests{};

  static task<http::response> respond(gateway_upstream* self, http::request_context& context) {
    const auto& head = context.head();
    request request{std::string{head.method_text}, std::string{head.target}, {}, std::string{context.body()}};
    for (const auto& field : head.fields) request.fields.emplace_back(field.name, field.value);
    self->requests.push_back(std::move(request));
    if (self->delay > duration::zero()) co_await sleep_for(self->delay);
    http::response response{self->status};
    response.set("X-Upstream", self->name).set("X-Internal", "secret");
    response.body(self->body.empty() ? self->name : self->body, "text/plain");
    co_return response;
  }
  http::router routes() {
    http::router router;
    router.any("/{path...}", [this](http::request_context& context) { return respond(this, context); });
    return router;
  }
};

class gateway_fixture {
 public:
  /// `upstreams` are the names of stubs; the routes file can use `http://NAME`.
  explicit gateway_fixture(const std::vector<std::string>& names, std::uint64_t seed = 1) : fleet(seed) {
    for (const auto& name : names) {
      auto& upstream = *upstreams_.emplace_back(
          std::make_unique<gateway_upstream>(gateway_upstream{.name = name, .status = http::status::ok}));
      fleet.add_stub_server(name, 80, [&upstream] { return upstream.routes(); });
    }
  }

  sim::fleet fleet;
  temporary_directory directory;
  config::reloader reloads;

  /// Starts the gateway with this routes file.
  void start(const std::string& routes, config::environment variables = {}) {
    variables.emplace("GATEWAY_ROUTES", directory.write("routes.json", routes).string());
    node_ = &fleet.add_service([this] { return definition(); }, "gateway", std::move(variables));
  }
  /// Replaces the routes file, and reloads the file as the program does after a change.
  config::reload_result reload(const std::string& routes) {
    directory.write("routes.json", routes);
    auto reports = reloads.reload();
    fleet.run_for(std::chrono::milliseconds{1});
    return reports.at(0).result;
  }

  gateway_upstream& upstream(std::string_view name) {
    for (const auto& each : upstreams_) {
      if (each->name == name) return *each;
    }
    throw std::invalid_argument{"no upstream " + std::string{name}};
  }
  std::string url(const std::string& path) const { return node_->url() + path; }
  http::client_request request(const std::string& path,
                               std::vector<std::pair<std::string, std::string>> fields = {}) const {
    http::client_request request;
    request.url = boost::urls::parse_uri(url(path)).value();
    request.fields = std::move(fields);
    return request;
  }
  http::client_response call(http::client_request request) { return fleet.call(std::move(request)).value(); }
  http::client_response call(const std::string& path, std::vector<std::pair<std::string, std::string>> fields = {}) {
    return call(request(path, std::move(fields)));
  }
  /// Returns the value of a time series of the gateway, or -1 if it does not exist.
  double metric(const std::string& series) const {
    return find_series(node_->metrics().prometheus_text(), series).value_or(-1);
  }

 private:
  service::definition definition() {
    auto definition = gateway::definition();
    definition.app = [this, app = definition.app](service::service_context& context,
                                                  service::api_key_authenticator& authenticator) {
      auto routes = app(context, authenticator);
      context.lifecycle.move_reloads_to(reloads);
      return routes;
    };
    return definition;
  }

  std::vector<std::unique_ptr<gateway_upstream>> upstreams_;
  sim::node* node_ = nullptr;
};

}  // namespace cohort::test
