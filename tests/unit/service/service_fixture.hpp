// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/url/parse.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <cohort/http/server/server.hpp>
#include <cohort/json/parser.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>
#include <cohort/service/api_description.hpp>
#include <cohort/service/authentication/failed_key_throttle.hpp>
#include <cohort/service/health/probes.hpp>
#include <cohort/service/rate_limit.hpp>
#include <cohort/service/service.hpp>
#include "tests/support/series.hpp"
#include "tests/unit/http/server/server_fixture.hpp"

// A service and its upstream servers on a virtual clock and an in-memory network.
namespace cohort::test {

inline task<> close_idle_connections(http::client& client) {
  client.close_idle();
  co_return;
}

inline boost::urls::url parse_url(std::string_view text) { return boost::urls::url{*boost::urls::parse_uri(text)}; }

class in_memory_server {
 public:
  in_memory_server(virtual_time& time, net::memory_network& network, const net::endpoint& local_endpoint,
                   http::router routes, http::server_settings settings = {})
      : time_(time), routes_(std::move(routes)), server_metrics_(metrics, "site", routes_) {
    server_.emplace(std::vector<loop*>{&time.event_loop()}, network.listen(local_endpoint), routes_, server_metrics_,
                    telemetry::logger{discarding_sink_, "site", telemetry::log_level::off, telemetry::log_format::json},
                    std::move(settings));
    time.run(start(*server_));
  }
  ~in_memory_server() { time_.run(server_->drain(0s)); }
  in_memory_server(const in_memory_server&) = delete;
  in_memory_server& operator=(const in_memory_server&) = delete;

  http::server& server() { return *server_; }
  telemetry::registry metrics{1};

 private:
  static task<> start(http::server& target) {
    target.start();
    co_return;
  }

  virtual_time& time_;
  telemetry::log_sink discarding_sink_;
  http::router routes_;
  http::server_metrics server_metrics_;
  std::optional<http::server> server_;
};

class service_fixture {
 public:
  explicit service_fixture(std::string key = {}, net::memory_pipe_settings pipe_settings = {})
      : network(pipe_settings),
        clients(network, 1, {}),
        api_key(std::move(key)),
        authenticator(api_key, metrics, "service", service::make_key_throttle({10, 1min})) {}
  ~service_fixture() {
    service_.reset();
    time.run(background.stop());
    time.run(close_idle_connections(client));
    servers_.clear();
  }
  service_fixture(const service_fixture&) = delete;
  service_fixture& operator=(const service_fixture&) = delete;

  virtual_time time;
  net::memory_network network;
  service::client_set clients;
  http::client& client = clients.shared();
  telemetry::registry metrics{1};
  telemetry::log_sink discarding_sink;
  telemetry::logger log{discarding_sink, "service", telemetry::log_level::off, telemetry::log_format::json};
  service::background_tasks background{{&time.event_loop()}, log};
  service::service_lifecycle lifecycle{{&time.event_loop()}, metrics, log};
  config::api_key_set api_key;
  service::api_key_authenticator authenticator;
  /// Settings of the server, to be set before `serve`.
  http::server_settings server_settings;
  std::atomic<bool> draining{false};
  /// Whether the OpenAPI document contains the routes of the framework. Must be set before `serve`.
  bool describes_framework = false;

  service::service_context make_context() {
    return {client,  metrics, log, background, api_key.outgoing_secret(), {}, api_key, lifecycle, lifecycle.blocking(),
            network, clients};
  }

  /// Adds a server that listens on port 80 of this host name.
  in_memory_server& add_server(const std::string& host, http::router routes) {
    const auto address = next_address(host);
    return servers_.emplace_back(time, network, net::endpoint{address, 80}, std::move(routes));
  }
  void add_black_hole(const std::string& host) { network.add_black_hole({next_address(host), 80}); }
  /// Adds a host name that resolves to an address without a listener.
  void add_closed_port(const std::string& host) { next_address(host); }

  /// Serves these routes with the probe routes and filters of every service.
  void serve(http::router routes, std::optional<config::rate> rate_limit = {}) {
    authenticator.register_counters(routes);
    service::add_probe_routes(routes, metrics, draining);
    service::add_api_description_routes(routes,
                                        {.title = "service",
                                         .description = "A service",
                                         .version = "1.0",
                                         .session_cookie = "session",
                                         .includes_hidden = describes_framework},
                                        authenticator);
    if (rate_limit) routes.use(service::rate_limit_filter(*rate_limit, metrics, authenticator));
    routes.use(service::api_key_filter(authenticator));
    service_ =
        std::make_unique<in_memory_server>(time, network, service_endpoint(), std::move(routes), server_settings);
  }
  task<> drain(duration drain_timeout) { return service_->server().drain(drain_timeout); }

  /// Connects to the service.
  peer connect() {
    auto connect_result = time.run(network.connect(service_endpoint(), deadline::never()));
    if (!connect_result) throw std::runtime_error("not connected: " + connect_result.error().message());
    return {time, std::move(*connect_result)};
  }
  /// Sends a request on a new connection.
  received_response response_to(std::string_view request) {
    auto connection = connect();
    connection.send(request);
    auto response = connection.receive();
    if (!response) throw std::runtime_error("closed without a response");
    return *response;
  }

  /// Returns the value of a time series in the text format; the result is empty if it does not exist.
  std::optional<double> metric_value(const std::string& name) const {
    return find_series(metrics.prometheus_text(), name);
  }

 private:
  static net::endpoint service_endpoint() { return {asio::ip::make_address("192.0.2.50"), 5000}; }
  asio::ip::address next_address(const std::string& host) {
    const auto address = asio::ip::make_address("198.51.100." + std::to_string(++host_count_));
    network.add_name(host, {address});
    return address;
  }

  int host_count_ = 0;
  std::deque<in_memory_server> servers_;
  std::unique_ptr<in_memory_server> service_;
};

/// The response of a server to each request, and the requests that the server has received.
struct scripted_response {
  duration delay{};
  http::status status = http::status::ok;
  std::string body = "{}";
  std::string location;
  std::string retry_after;
  std::vector<std::string> targets;
  /// The header fields of the last request.
  std::vector<std::pair<std::string, std::string>> fields;

  std::size_t request_count() const { return targets.size(); }
  std::optional<std::string> field(std::string_view name) const { return find_header(fields, name); }
};

inline task<http::response> respond_as_scripted(scripted_response* script) {
  const auto status = script->status;
  const auto body = script->body;
  const auto location = script->location;
  const auto retry_after = script->retry_after;
  if (script->delay > 0s) co_await sleep_for(script->delay);
  auto response = http::json_response(body, status);
  if (!location.empty()) response.set("Location", location);
  if (!retry_after.empty()) response.set("Retry-After", retry_after);
  co_return response;
}

/// Returns a router with one route that responds according to `script`. `script` must outlive the router.
inline http::router scripted_router(std::string pattern, scripted_response& script) {
  http::router routes;
  routes.get(std::move(pattern), [&script](request_context& context) {
    script.targets.emplace_back(context.head().target);
    script.fields.clear();
    for (const auto& field : context.head().fields) script.fields.emplace_back(field.name, field.value);
    return respond_as_scripted(&script);
  });
  return routes;
}

/// Returns the JSON value at a pointer (RFC 6901), such as `/meta/time_service/state`, as JSON; the result is empty if
/// there is none.
inline std::optional<std::string> json_at(std::string_view text, std::string_view pointer) {
  const auto found = json::parse(text, [&](simdjson::dom::element root) -> result<std::string> {
    simdjson::dom::element value;
    if (root.at_pointer(pointer).get(value) != simdjson::SUCCESS) {
      return error_code{boost::system::errc::no_message, boost::system::generic_category()};
    }
    return std::string{simdjson::minify(value)};
  });
  return found ? std::optional{*found} : std::nullopt;
}

}  // namespace cohort::test
