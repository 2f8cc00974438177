// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cohort/postgres/connection.hpp>
#include <cohort/postgres/copy.hpp>
#include <cohort/postgres/row_stream.hpp>
#include <cohort/postgres/transaction.hpp>
#include <cohort/telemetry/call_context.hpp>
#include <cohort/telemetry/log.hpp>
#include <cohort/telemetry/metrics.hpp>

namespace cohort::postgres {

/// Limits of a `pool`. Counts apply to each loop: a program with 4 loops has up to 4 times as many connections.
struct pool_settings {
  /// Maximum number of connections of a loop.
  std::size_t max_connections = 10;
  /// Maximum number of calls of a loop that wait for a connection. Additional calls fail with `errc::overloaded`.
  std::size_t max_waiters = 256;
  /// Timeout of a call, capped by the caller's deadline. The timeout includes the wait for a connection.
  duration timeout = std::chrono::seconds{5};
  /// Time before the caller's deadline that is reserved for processing the result; at most a quarter of the remaining
  /// time.
  duration reserve = std::chrono::milliseconds{20};
  /// Timeout of one attempt to connect.
  duration connect_timeout = std::chrono::seconds{2};
  /// Time for which calls try to reconnect, up to their deadlines, after the server became unreachable: a restart of
  /// the server only delays them. After that time, a call fails as soon as its first attempt fails.
  duration reconnect_window = std::chrono::seconds{5};
  /// An idle connection is closed after this time.
  duration idle_timeout = std::chrono::minutes{10};
  /// Timeout for cancelling a statement on the server and rolling back; when it expires, the connection is closed.
  duration reset_timeout = std::chrono::seconds{2};
  /// Maximum size of the result of `query`, in bytes. A larger result requires `stream`.
  std::size_t max_result_bytes = std::size_t{16} * 1024 * 1024;
};

class pool_metrics;
class loop_connections;

/// A pool of connections to a PostgreSQL database, bounded for each loop. Each call has a deadline.
///
/// - Deadline: a call times out at the caller's deadline less `reserve`, or after its timeout. The deadline includes
///   the wait for a connection. A statement that is running at the deadline, or whose caller is cancelled, is cancelled
///   on the server. The connection of a cancelled statement is reused only if it becomes idle; otherwise it is closed.
/// - Connections: a connection that the server has closed is replaced before it is used. A statement that was not
///   executed is resent on a new connection, within the deadline; a statement that may have been executed is never
///   resent.
/// - Transactions: a connection is never reused with an open transaction; a transaction that a statement left open is
///   rolled back.
///
/// Statements are prepared once for each connection. Session state, such as SET or a temporary table, belongs to the
/// connection that the statement used; use `SET LOCAL` in a transaction instead.
///
/// One pool serves all loops; all members except the constructor run on a loop. The pool must outlive its calls,
/// transactions and streams. A program closes the pool before the loops end, by `context.on_stop(pool->close())`.
class pool {
 public:
  /// `name` is the label `upstream` of the metrics and the name in logs and `Server-Timing`; it must be a token (RFC
  /// 9110 section 5.6.2). `loop_count` is the number of loops that use the pool. `metrics` must outlive the pool.
  pool(std::shared_ptr<database> server, std::size_t loop_count, telemetry::registry& metrics, telemetry::logger log,
       std::string name = "postgres", pool_settings settings = {});
  ~pool();
  pool(const pool&) = delete;
  pool& operator=(const pool&) = delete;

  /// Executes one statement, outside a transaction: `pool.query(context, "select name from users where id = $1",
  /// id)`. Returns its rows, or the error.
  template <class... Parameters>
  task<result<rows>> query(call_context context, std::string text, Parameters&&... parameters) {
    return execute(std::move(context),
                   statement{std::move(text), {parameter(std::forward<Parameters>(parameters))...}});
  }
  task<result<rows>> execute(call_context context, statement statement);

  /// Executes one statement and streams its rows, with bounded memory. The stream keeps a connection until its end; its
  /// deadline is the deadline of the context, without `timeout`.
  template <class... Parameters>
  task<result<row_stream>> stream(call_context context, std::string text, Parameters&&... parameters) {
    return open_stream(std::move(context),
                       statement{std::move(text), {parameter(std::forward<Parameters>(parameters))...}});
  }
  task<result<row_stream>> open_stream(call_context context, statement statement);

  /// Executes `COPY … TO STDOUT` or `COPY … FROM STDIN`, whose data is streamed with bounded memory. The text has no
  /// parameters. Like a stream, a COPY keeps a connection until its end, and its deadline is the deadline of the
  /// context, without `timeout`.
  task<result<copy_reader>> copy_out(call_context context, std::string text);
  task<result<copy_writer>> copy_in(call_context context, std::string text);

  /// Begins a transaction. A transaction keeps a connection until its end, and counts as one call.
  task<result<transaction>> begin(call_context context, transaction_options options = {});

  /// Closes the connections of all loops, once their calls have ended. Later calls fail with `errc::closed`.
  task<> close();

  /// The number of open connections of this loop, and how many of these connections are idle.
  struct connection_counts {
    std::size_t open = 0;
    std::size_t idle = 0;
  };
  connection_counts connections();

  const std::string& name() const noexcept { return name_; }
  const pool_settings& settings() const noexcept { return settings_; }

 private:
  struct loop_slot;

  loop_connections& current_loop();
  deadline call_deadline_of(const call_context& context, duration timeout) const;
  std::shared_ptr<active_call> make_call(const call_context& context, duration timeout);
  task<std::optional<error>> connect(active_call& call);
  task<result<std::shared_ptr<active_call>>> start_copy(const call_context& context, const std::string& text,
                                                        copy_direction direction);
  task<result<rows>> execute_on(active_call& call, const statement& statement);
  static task<> close_loop(std::shared_ptr<loop_connections> connections);

  std::shared_ptr<database> database_;
  std::string name_;
  pool_settings settings_;
  telemetry::logger log_;
  std::shared_ptr<pool_metrics> metrics_;
  std::vector<std::unique_ptr<loop_slot>> loops_;
};

}  // namespace cohort::postgres
