#pragma once

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "core/http/client.hpp"
#include "core/http/server.hpp"
#include "core/net/system_network.hpp"
#include "core/runtime/runtime.hpp"
#include "core/runtime/when_all.hpp"

namespace cohort::bench {

/// `make()` gives the work of each of so many at once.
template <class Make>
auto all_at_once(std::size_t count, Make make) {
  std::vector<task<>> work;
  work.reserve(count);
  for (std::size_t i = 0; i < count; ++i) work.push_back(make());
  return when_all(std::move(work));
}

/// A server and its callers in this process, each on a loop and a thread of its own, with loopback between them.
class bed {
 public:
  /// `routes` must outlive it; `connections` are kept when idle.
  bed(const http::router& routes, const http::admission_settings& how, std::size_t connections = 64);

  /// Once: serves, does `work` on the callers' loop, drains and ends. Throws what the work throws.
  void run(task<> work);

  http::client& client() noexcept { return client_; }
  /// The callers' and the server's.
  telemetry::registry& metrics() noexcept { return metrics_; }
  const telemetry::logger& log() const noexcept { return log_; }
  http::client_request request(std::string_view path) const;
  /// That the server's thread has used so far. On the callers' loop.
  task<duration> server_cpu_time();

 private:
  loop& server_home() noexcept { return threads_.at(1); }
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

}  // namespace cohort::bench
