// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <cohort/redis/client.hpp>
#include <cohort/redis/simulated_server.hpp>
#include "tests/unit/sim/two_host_fixture.hpp"

namespace cohort::test {

/// A client and a simulated server on two hosts of a simulated network, on a virtual clock.
struct redis_fixture {
  explicit redis_fixture(redis::client_settings client_settings = {}, std::string password = {})
      : server(std::move(password)), settings(std::move(client_settings)) {
    settings.host = "server";
    settings.port = 6379;
    start_server();
    client = std::make_unique<redis::client>(hosts.network.network_for(hosts.client), 1, metrics, log, settings);
  }
  ~redis_fixture() {
    hosts.time.run(client->close());
    stop_server();
  }
  redis_fixture(const redis_fixture&) = delete;
  redis_fixture& operator=(const redis_fixture&) = delete;

  virtual_time& time() { return hosts.time; }
  call_context context(duration timeout = 3s) { return {.deadline = deadline::after(hosts.time.now(), timeout)}; }
  void start_server() { server_task.emplace(hosts.time, server.run(hosts.network.listen(hosts.server, 6379))); }
  /// Closes all connections and the listener.
  void stop_server() {
    if (!server_task) return;
    server_task->cancel();
    hosts.time.run_for(1ms);
    server_task.reset();
  }
  template <class... Arguments>
  redis::result<redis::reply> command(const Arguments&... arguments) {
    return hosts.time.run(client->command(context(), arguments...));
  }
  /// Starts a command that runs concurrently with the test.
  template <class... Arguments>
  auto start(duration timeout, const Arguments&... arguments) {
    return std::make_unique<spawned_task<redis::result<redis::reply>>>(hosts.time,
                                                                       client->command(context(timeout), arguments...));
  }
  double outcomes(const std::string& outcome) {
    return metrics.make_counter("cohort_redis_requests_total", "", {{"upstream", "redis"}, {"outcome", outcome}})
        .value();
  }

  two_host_fixture hosts;
  telemetry::registry metrics{1};
  telemetry::log_sink sink;
  telemetry::logger log{sink, "test", telemetry::log_level::off, telemetry::log_format::json};
  redis::simulated_server server;
  redis::client_settings settings;
  std::optional<spawned_task<>> server_task;
  std::unique_ptr<redis::client> client;
};

}  // namespace cohort::test
