// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include <cohort/http/server/router.hpp>
#include <cohort/http/server/server_metrics.hpp>
#include <cohort/http/server/server_shard.hpp>
#include <cohort/net/network.hpp>
#include <cohort/runtime/concurrency/task_group.hpp>
#include <cohort/telemetry/log.hpp>

namespace cohort::http {

/// An HTTP/1.1 server on one or more loops. The server accepts on the first loop and assigns each connection to the
/// loop with the fewest connections.
class server {
 public:
  /// `loops`, `routes` and `metrics` must outlive the server. `listener` belongs to the first loop.
  server(std::vector<loop*> loops, std::unique_ptr<net::acceptor> listener, const router& routes,
         server_metrics& metrics, telemetry::logger log, server_settings settings);
  ~server();

  /// Starts to accept connections. Called on the first loop.
  void start();
  /// Announces the drain: each response closes its connection (`Connection: close`), so that clients do not send a
  /// request on a connection that the drain is closing. Connections are still accepted. Thread-safe.
  void announce_drain() noexcept { state_.closes_after_response = true; }
  /// Graceful shutdown: closes the listener, closes idle connections, lets requests in flight complete, and cancels
  /// those that have not completed within `timeout`. Must be called on the first loop, and must have ended before the
  /// server is destroyed.
  task<> drain(duration timeout);

  /// The address that the server listens on.
  net::endpoint local_endpoint() const { return local_endpoint_; }
  /// The shards of the server, one per loop. Each shard is used on its loop only.
  const std::vector<std::unique_ptr<server_shard>>& shards() const noexcept { return shards_; }

 private:
  task<> accept_connections();
  task<> close_listener();
  server_shard& least_loaded_shard() noexcept;
  task<bool> wait_for_capacity();
  /// Whether the maximum number of connections is open, including the reserve.
  bool is_full() const noexcept;
  /// Assigns the connection to the server or to its reserve, or closes it.
  void admit(server_shard& shard, net::stream_ptr stream);
  /// Closes the connection of a shard that has been idle the longest; if none is idle, tries the next shards.
  void shed_oldest_idle(bool is_urgent);
  void shed_on(std::size_t index, std::size_t remaining_shards, bool is_urgent);
  void log_accept_error(error_code error);

  server_state state_;
  std::vector<std::unique_ptr<server_shard>> shards_;
  std::unique_ptr<net::acceptor> listener_;
  net::endpoint local_endpoint_;
  task_group accept_task_;
  std::size_t accepted_count_ = 0;
  /// Above this number of connections, each new connection sheds an idle connection.
  std::size_t shed_threshold_;
  /// Above this number of connections, header sections and handshakes in progress count as idle immediately.
  std::size_t urgent_shed_threshold_;
  std::size_t next_shed_index_ = 0;
  time_point next_accept_log_{};
};

}  // namespace cohort::http
