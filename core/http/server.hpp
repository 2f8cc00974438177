#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "core/http/admission.hpp"
#include "core/http/limits.hpp"
#include "core/http/router.hpp"
#include "core/http/server_metrics.hpp"
#include "core/net/network.hpp"
#include "core/runtime/task_group.hpp"
#include "core/telemetry/log.hpp"

namespace cohort::http {

class connection;

struct server_settings {
  server_limits limits;
  admission_settings admission{};
  /// Fields for every answer, whole lines with their ends, such as the security headers.
  std::string common_fields;
  /// The same for requests that came to us through a proxy's TLS (`X-Forwarded-Proto: https`).
  std::string common_fields_over_tls;
};

/// What the server's parts share; outlives them all. Only read after the start, but for the metrics and the count.
struct server_shared {
  const router& routes;
  server_settings settings;
  server_metrics& metrics;
  telemetry::logger log;
  std::atomic<std::size_t> connections{0};
  std::atomic<std::size_t> body_bytes{0};
};

/// A server's part on one loop: its connections there.
class server_shard {
 public:
  server_shard(server_shared& shared, loop& home);

  /// On this shard's loop.
  void serve(net::stream_ptr client);
  /// On this shard's loop: idle connections close, requests in flight are answered, at most for so long.
  task<> drain(duration at_most);

  server_shared& shared() noexcept { return shared_; }
  loop& home() noexcept { return home_; }
  admission& door() noexcept { return door_; }
  event& draining() noexcept { return draining_; }
  /// The `Date` line of now (RFC 9110 section 6.6.1), made once a second.
  std::string_view date_line();
  /// An id for a request that came without one.
  std::array<char, 16> make_request_id();
  std::atomic<std::size_t> load{0};

 private:
  friend class connection;
  static task<> run(server_shard& self, net::stream_ptr client, asio::cancellation_signal& cancel);
  void on_failure(const std::exception_ptr& failure);

  server_shared& shared_;
  loop& home_;
  admission door_;
  task_group connections_;
  std::vector<connection*> open_;
  event draining_;
  std::chrono::sys_seconds date_second_{};
  std::string date_line_;
};

/// An HTTP/1.1 server on all loops: accepts on the first, and gives each connection to the loop that was
/// the least loaded when it began to wait for it.
class server {
 public:
  /// `routes` and `metrics` must outlive it; `listener` belongs to the first loop.
  server(std::vector<loop*> loops, std::unique_ptr<net::acceptor> listener, const router& routes,
         server_metrics& metrics, telemetry::logger log, server_settings settings);
  ~server();

  /// On the first loop: from now on connections are served.
  void start();
  /// On the first loop: no new connections, then every shard drains. Await it before the server goes.
  task<> drain(duration at_most);

  net::endpoint local_endpoint() const { return local_; }

 private:
  task<> accept_all();
  task<> close_listener();
  server_shard& least_loaded() noexcept;

  server_shared shared_;
  std::vector<std::unique_ptr<server_shard>> shards_;
  std::unique_ptr<net::acceptor> listener_;
  net::endpoint local_;
  task_group accepting_;
  std::size_t accepted_ = 0;
};

}  // namespace cohort::http
