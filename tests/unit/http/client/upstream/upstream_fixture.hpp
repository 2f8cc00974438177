// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include <cohort/http/client/upstream/upstream.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>
#include <cohort/runtime/concurrency/when_all.hpp>
#include <cohort/telemetry/server_timing.hpp>
#include "tests/support/series.hpp"
#include "tests/unit/service/service_fixture.hpp"

// Fixture of an upstream whose replicas are complete servers, on one virtual clock.
namespace cohort::test {

/// The responses of one replica, and the requests that the replica has received.
struct scripted_replica {
  struct step {
    int status = 200;
    duration delay{};
    std::string retry_after;
  };
  /// One step for each request; later requests use `default_step`.
  std::deque<step> steps;
  step default_step;

  std::size_t request_count = 0;
  std::vector<std::string> received_timeouts;
  std::vector<std::string> received_ids;
  /// Each delay has the outcome "completed" or "cancelled".
  log_lines delays;

  step next_step() {
    if (steps.empty()) return default_step;
    const auto next = steps.front();
    steps.pop_front();
    return next;
  }
};

inline task<http::response> respond_with(scripted_replica* replica, scripted_replica::step step) {
  if (step.delay > 0s) {
    auto delay = sleep_for(step.delay);
    const auto status = co_await std::move(delay);
    replica->delays.push_back(status == wait_status::cancelled ? "cancelled" : "completed");
    // The next wait of a handler that continues after its cancellation throws.
    auto next_wait = sleep_for(1ms);
    if (status == wait_status::cancelled) co_await std::move(next_wait);
  }
  auto response = http::json_response("{}", static_cast<http::status>(step.status));
  if (!step.retry_after.empty()) response.set("Retry-After", step.retry_after);
  co_return response;
}

inline http::router routes_of(scripted_replica& replica) {
  http::router routes;
  const auto handler = [&replica](request_context& context) {
    ++replica.request_count;
    const auto field = [&](std::string_view name) {
      return std::string{context.head().find(name).value_or(std::string_view{})};
    };
    replica.received_timeouts.push_back(field("x-envoy-expected-rq-timeout-ms"));
    replica.received_ids.push_back(field("x-request-id"));
    return respond_with(&replica, replica.next_step());
  };
  routes.get("/", handler);
  routes.post("/", handler);
  return routes;
}

/// Returns settings without retries or hedges.
inline http::upstream_settings single_attempt() {
  http::upstream_settings settings;
  settings.retry.max_attempts = 1;
  settings.hedging.is_enabled = false;
  return settings;
}

/// Returns settings with retries, but without hedges.
inline http::upstream_settings settings_with_retries(unsigned max_attempts = 3) {
  auto settings = single_attempt();
  settings.retry.max_attempts = max_attempts;
  return settings;
}

class upstream_fixture {
 public:
  explicit upstream_fixture(http::upstream_settings settings = single_attempt(), std::size_t replica_count = 1,
                            net::memory_pipe_settings pipe = {})
      : network(pipe), client(network, 1), upstream(client, metrics, log, "there", settings) {
    std::vector<asio::ip::address> addresses;
    for (std::size_t i = 0; i < replica_count; ++i) {
      addresses.push_back(address(i));
      replicas.emplace_back();
      servers_.push_back(
          std::make_unique<in_memory_server>(time, network, net::endpoint{address(i), 80}, routes_of(replicas.back())));
    }
    network.add_name("there.test", addresses);
  }
  ~upstream_fixture() {
    for (auto& server : servers_) server.reset();
    time.run(close_idle_connections(client));
  }
  upstream_fixture(const upstream_fixture&) = delete;
  upstream_fixture& operator=(const upstream_fixture&) = delete;

  virtual_time time;
  net::memory_network network;
  http::client client;
  telemetry::registry metrics{1};
  telemetry::log_sink discarding_sink;
  telemetry::logger log{discarding_sink, "test", telemetry::log_level::off, telemetry::log_format::json};
  http::upstream upstream;
  std::deque<scripted_replica> replicas;
  telemetry::server_timing timing;

  scripted_replica& replica() { return replicas.front(); }
  /// Returns the number of requests that all replicas have received.
  std::size_t request_count() const {
    std::size_t sum = 0;
    for (const auto& replica : replicas) sum += replica.request_count;
    return sum;
  }

  /// Stops the server of a replica: connections to it are then refused.
  void stop(std::size_t index) { servers_[index].reset(); }

  /// Makes a call whose caller has the timeout `caller_timeout`, or no timeout.
  task<http::upstream_result> make_call(std::optional<duration> caller_timeout = {},
                                        http::method method = http::method::get) {
    http::client_request request;
    request.method = method;
    request.url = parse_url("http://there.test/");
    const auto caller_deadline = caller_timeout ? deadline::after(time.now(), *caller_timeout) : deadline::never();
    const call_context context{caller_deadline, "request-1", &timing};
    return upstream.call(std::move(request), context);
  }
  http::upstream_result call(std::optional<duration> caller_timeout = {}, http::method method = http::method::get) {
    return time.run(make_call(caller_timeout, method));
  }
  std::vector<http::upstream_result> call_concurrently(std::size_t count, std::optional<duration> caller_timeout = {}) {
    std::vector<task<http::upstream_result>> calls;
    for (std::size_t i = 0; i < count; ++i) calls.push_back(make_call(caller_timeout));
    return time.run(when_all(std::move(calls)));
  }

  /// Returns the value of `cohort_client_<name>{upstream="there",<labels>}`.
  double metric(const std::string& name, const std::string& labels) const {
    const auto series = "cohort_client_" + name + "{upstream=\"there\"" + (labels.empty() ? "" : "," + labels) + "}";
    const auto value = find_series(metrics.prometheus_text(), series);
    if (!value) throw std::runtime_error("no time series " + series);
    return *value;
  }

 private:
  static asio::ip::address address(std::size_t index) {
    return asio::ip::make_address("198.51.100." + std::to_string(index + 1));
  }

  std::vector<std::unique_ptr<in_memory_server>> servers_;
};

inline bool is_ok(const http::upstream_result& result) {
  return result.response && result.response->status == http::status::ok;
}
inline std::optional<http::client_error> error_of(const http::upstream_result& result) {
  return result.response ? std::nullopt : std::optional{result.response.error()};
}

}  // namespace cohort::test
