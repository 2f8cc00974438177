// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <cohort/postgres/pool/loop_connections.hpp>
#include <cohort/telemetry/call_context.hpp>
#include <cohort/telemetry/server_timing.hpp>

namespace cohort::postgres {

/// One call to a database, from its start to its outcome: its record in metrics, logs and `Server-Timing`, and its
/// connection. A call that is destroyed without an outcome was cancelled.
class active_call {
 public:
  active_call(loop& event_loop, std::shared_ptr<pool_metrics> metrics, telemetry::logger log, std::string name,
              const pool_settings& settings, const call_context& context, deadline call_deadline);
  ~active_call();
  active_call(const active_call&) = delete;
  active_call& operator=(const active_call&) = delete;

  /// Executes a statement on the connection and fetches its complete result.
  task<result<rows>> execute(const statement& statement);
  task<std::optional<error>> start(const statement& statement);
  task<result<bool>> fetch(rows& target_rows, fetch_limits limits);

  task<std::optional<error>> start_copy(const std::string& text, copy_direction direction);
  task<result<std::string>> read_copy();
  task<std::optional<error>> write_copy(std::string_view data);
  task<result<std::uint64_t>> end_copy();

  /// Takes ownership of a connection.
  void use(loop_connections::lease connection) { lease_.emplace(std::move(connection)); }
  bool has_connection() const noexcept { return lease_.has_value(); }
  connection_status status() const noexcept { return (*lease_)->status(); }
  /// Returns the connection to the pool.
  void release() noexcept { lease_.reset(); }

  /// Writes a log line for a failed statement.
  void log_failure(const error& failure, std::string_view text) const;
  /// Records the outcome of the call, once.
  void end(std::optional<errc> failure);

  deadline call_deadline() const noexcept { return deadline_; }

 private:
  loop& loop_;
  std::shared_ptr<pool_metrics> metrics_;
  telemetry::logger log_;
  std::string name_;
  std::size_t max_result_bytes_;
  std::string request_id_;
  telemetry::trace_context trace_;
  telemetry::server_timing* timing_;
  deadline deadline_;
  time_point started_;
  bool has_ended_ = false;
  telemetry::call_recording recording_;
  std::optional<loop_connections::lease> lease_;
};

/// The code of a failure; empty for a value.
template <class T>
std::optional<errc> code_of(const result<T>& ended) {
  if (ended) return std::nullopt;
  return ended.error().code;
}

}  // namespace cohort::postgres
