// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include <cohort/postgres/pool.hpp>
#include <cohort/postgres/pool/pool_metrics.hpp>
#include <cohort/runtime/concurrency/child_task.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>
#include <cohort/runtime/synchronization/semaphore.hpp>

namespace cohort::postgres {

/// The connections of a pool on one loop. A permit of the semaphore limits the open connections, including connections
/// that are being reset.
class loop_connections : public std::enable_shared_from_this<loop_connections> {
 public:
  /// A connection in use. The destructor returns the connection to the pool, after a reset if the connection is not
  /// idle.
  class lease {
   public:
    lease(lease&&) noexcept = default;
    lease& operator=(lease&&) = delete;
    ~lease();
    connection& operator*() const noexcept { return *connection_; }
    connection* operator->() const noexcept { return connection_.get(); }

   private:
    friend class loop_connections;
    lease(std::shared_ptr<loop_connections> owner, semaphore_permit permit,
          std::unique_ptr<connection> connection) noexcept
        : owner_(std::move(owner)), permit_(std::move(permit)), connection_(std::move(connection)) {}
    std::shared_ptr<loop_connections> owner_;
    semaphore_permit permit_;
    std::unique_ptr<connection> connection_;
  };

  loop_connections(loop& event_loop, std::shared_ptr<database> server, const pool_settings& settings, std::string name,
                   telemetry::logger log, std::shared_ptr<pool_metrics> metrics);
  ~loop_connections();

  /// Returns an open, idle connection: a pooled connection or, if there is none, a new connection. Calls wait for a
  /// connection in FIFO order.
  task<result<lease>> acquire(deadline call_deadline);
  /// Closes the idle connections, and waits for connections that are being reset.
  task<> close();
  /// Closes the idle connections immediately, because the loop ends.
  void shut_down() noexcept;
  /// Like `shut_down`, but for a pool that is destroyed with its metrics. Connections that are being reset are closed
  /// after the reset.
  void abandon() noexcept;

  pool::connection_counts counts() const noexcept { return {open_count_, idle_.size()}; }
  pool_metrics& metrics() noexcept { return *metrics_; }

 private:
  struct idle_connection {
    std::unique_ptr<connection> pooled_connection;
    time_point expiry;
  };

  task<result<semaphore_permit>> wait_for_permit(deadline call_deadline);
  task<result<std::unique_ptr<connection>>> connect(deadline call_deadline);
  std::unique_ptr<connection> take_idle_connection();
  void return_connection(std::unique_ptr<connection> connection, semaphore_permit permit);
  static task<> reset(std::shared_ptr<loop_connections> self, std::unique_ptr<connection> dirty,
                      semaphore_permit permit);
  void on_reset_ended(const std::exception_ptr& failure);
  void put_idle(std::unique_ptr<connection> connection);
  void discard(std::unique_ptr<connection> connection) noexcept;
  void close_expired();
  void record_unreachable(const error& failure);
  void record_reachable();

  loop& loop_;
  std::shared_ptr<database> database_;
  pool_settings settings_;
  std::string name_;
  telemetry::logger log_;
  std::shared_ptr<pool_metrics> metrics_;
  semaphore permits_;
  std::size_t waiter_count_ = 0;
  std::size_t open_count_ = 0;
  /// The most recently used connection is at the end, and is reused first.
  std::vector<idle_connection> idle_;
  bool is_closed_ = false;
  bool is_abandoned_ = false;
  /// The time of the first failure to connect since the last success.
  std::optional<time_point> unreachable_since_;
  std::size_t resets_running_ = 0;
  wait_queue resets_ended_;
  bound_timer<&loop_connections::close_expired> expiry_timer_;
};

/// Makes `event_loop` close the connections if it is destroyed before the pool.
void close_with_loop(loop& event_loop, std::weak_ptr<loop_connections> connections);

}  // namespace cohort::postgres
