// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <cohort/http/client/fetch.hpp>
#include <cohort/http/server/server.hpp>
#include <cohort/net/system/system_network.hpp>
#include <cohort/runtime/concurrency/when_all.hpp>
#include <cohort/runtime/runtime.hpp>

namespace cohort::bench {

/// Runs `count` tasks made by `make_task()` concurrently.
template <class MakeTask>
auto run_concurrently(std::size_t count, MakeTask make_task) {
  std::vector<task<>> tasks;
  tasks.reserve(count);
  for (std::size_t i = 0; i < count; ++i) tasks.push_back(make_task());
  return when_all(std::move(tasks));
}

/// A server and its clients in this process, each on a separate loop and thread, connected by loopback sockets.
class testbed {
 public:
  /// `routes` must outlive the testbed. The client keeps at most `max_idle_connections` idle connections.
  testbed(const http::router& routes, const http::admission_settings& admission, std::size_t max_idle_connections = 64);

  /// Serves while `work` runs on the clients' loop, then drains the server. Call it once. Throws the exceptions of
  /// `work`.
  void run(task<> work);

  http::client& client() noexcept { return client_; }
  /// Returns the metrics of the clients and the server.
  telemetry::registry& metrics() noexcept { return metrics_; }
  const telemetry::logger& log() const noexcept { return log_; }
  http::client_request request(std::string_view path) const;
  /// Returns the CPU time of the server's thread since its start. Runs on the clients' loop.
  task<duration> server_cpu_time();

 private:
  loop& client_loop() noexcept { return threads_.at(0); }
  loop& server_loop() noexcept { return threads_.at(1); }
  task<> serve_during(task<> work);

  runtime threads_{2};
  net::system_network network_;
  telemetry::log_sink sink_;
  telemetry::logger log_{sink_, "resilience", telemetry::log_level::off, telemetry::log_format::text};
  telemetry::registry metrics_{2};
  http::server_metrics server_metrics_;
  http::client client_;
  http::server server_;
};

/// Returns the CPU time of the calling thread since its start.
duration thread_cpu_time();

}  // namespace cohort::bench
