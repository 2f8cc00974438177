// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <cohort/runtime/blocking/blocking_pool.hpp>
#include <cohort/sqlite/connection.hpp>
#include <cohort/telemetry/call_context.hpp>
#include <cohort/telemetry/call_metrics.hpp>
#include <cohort/telemetry/log.hpp>

namespace cohort::sqlite {

struct database_settings {
  /// The path of the file. The file is created if it does not exist; its directory must exist.
  std::string path;
  /// Maximum number of connections that read concurrently.
  std::size_t readers = 4;
  /// Maximum number of calls that wait for a connection, separately for reading and writing. Additional calls fail with
  /// `errc::overloaded`.
  std::size_t max_waiters = 256;
  /// Maximum time that a statement waits for a lock of another process, capped by the deadline of the call.
  duration busy_timeout = std::chrono::seconds{5};
  /// Whether a committed transaction survives a power failure (`PRAGMA synchronous = FULL`). If false, a committed
  /// transaction survives only a crash of the process, and writes are faster.
  bool is_durable = true;
  /// Maximum number of rows that a query returns.
  std::size_t max_rows = 100'000;
  /// Maximum number of prepared statements that each connection keeps.
  std::size_t max_cached_statements = 64;
};

namespace detail {

template <class T>
struct function_value {
  using type = T;
};
template <class T>
struct function_value<result<T>> {
  using type = T;
};
template <>
struct function_value<std::optional<error>> {
  using type = void;
};
/// The value of a function of a connection: `T` if it returns `T` or `result<T>`.
template <class Function>
using value_of = typename function_value<std::invoke_result_t<Function&, connection&>>::type;

}  // namespace detail

/// A SQLite database in a file, whose statements run on the threads of the blocking pool: one connection that writes,
/// and several that read concurrently (write-ahead log).
///
/// - Deadline: a call times out at the deadline of its context with `errc::timeout`, and the running statement is
///   interrupted. The deadline includes the waits for a connection, a thread and a lock. An interrupted transaction is
///   rolled back, unless its commit has already started. In that case, it may be committed.
/// - Functions passed to `read` and `write` run on a thread of the pool, possibly after the caller's deadline. The
///   functions must own the objects that they use, and may use only the connection that is passed to them.
///
/// The file is opened by the first call. On a loop with a virtual clock, calls run inline (see `blocking_pool`), and
/// fail with `errc::busy` immediately if the file is locked. Thread-safe; calls are made on loops. The database must
/// outlive its calls. A program closes the database by `context.on_stop(database->close())`.
class database {
 public:
  /// `name` is the label `upstream` of the metrics and the name in logs. `log` receives a line for each failed call,
  /// except violations of constraints and calls that were cancelled or rejected. `blocking` and `metrics` must outlive
  /// the database.
  database(blocking_pool& blocking, telemetry::registry& metrics, telemetry::logger log, database_settings settings,
           std::string name = "sqlite");
  ~database();
  database(const database&) = delete;
  database& operator=(const database&) = delete;

  /// Executes one statement on a reading connection: `query<std::string>(context, "SELECT name FROM users WHERE id =
  /// ?1", id)`. For `Row` see `connection::query`.
  template <class Row, class... Parameters>
  task<result<std::vector<Row>>> query(call_context context, std::string text, Parameters&&... parameters) {
    std::vector<parameter> values{parameter(std::forward<Parameters>(parameters))...};
    auto function = [text = std::move(text), values = std::move(values)](connection& connection) {
      return connection.query_with_parameters<Row>(text, values);
    };
    return call(access::read, nullptr, context, std::move(function));
  }
  /// Executes one statement on the writing connection, as a separate transaction.
  template <class... Parameters>
  task<result<changes>> execute(call_context context, std::string text, Parameters&&... parameters) {
    std::vector<parameter> values{parameter(std::forward<Parameters>(parameters))...};
    auto function = [text = std::move(text), values = std::move(values)](connection& connection) {
      return connection.execute_with_parameters(text, values);
    };
    return call(access::write, nullptr, context, std::move(function));
  }

  /// Calls `function(connection&)` in a read transaction: all of its queries read the same state. Returns the
  /// value or the error of `function`, which returns a value, a `result`, or `std::optional<error>` if it has no value.
  /// Rethrows an exception of `function`.
  template <class Function>
  task<result<detail::value_of<Function>>> read(call_context context, Function function) {
    return call(access::read, "BEGIN", context, std::move(function));
  }
  /// Calls `function(connection&)` in a write transaction; only one runs at a time. The transaction is committed if the
  /// function returns no error, and rolled back otherwise, even if it throws. The return value and the exceptions are
  /// the same as for `read`.
  template <class Function>
  task<result<detail::value_of<Function>>> write(call_context context, Function function) {
    return call(access::write, "BEGIN IMMEDIATE", context, std::move(function));
  }

  /// Creates the database if it does not exist, and executes the statements of `script` without parameters in one
  /// transaction, such as `CREATE TABLE IF NOT EXISTS …`. Throws `std::runtime_error` if a statement fails, or at
  /// `timeout`. A program creates its tables by `context.on_start(database->create_schema("…"))`. The database must
  /// outlive the task.
  task<> create_schema(std::string script, duration timeout = std::chrono::seconds{10});

  /// Waits for the calls, and closes the connections. Later calls fail with `errc::closed`.
  task<> close();

 private:
  enum class access { read, write };
  using work = std::function<std::optional<error>(connection&)>;
  struct state;

  template <class Function>
  task<result<detail::value_of<Function>>> call(access kind, const char* begin, call_context context,
                                                Function function) {
    using value_type = detail::value_of<Function>;
    // Shared with the thread, which can continue after the deadline.
    auto shared = std::make_shared<shared_call<Function>>(std::move(function));
    work job = [shared](connection& connection) { return shared->execute(connection); };
    auto run_task = run(kind, begin, context, std::move(job));
    auto failure = co_await std::move(run_task);
    if (failure) co_return std::move(*failure);
    if constexpr (std::is_void_v<value_type>) {
      co_return result<void>{};
    } else {
      co_return result<value_type>(boost::system::in_place_value, std::move(*shared->value));
    }
  }

  template <class Function>
  struct shared_call {
    using return_type = std::invoke_result_t<Function&, connection&>;
    using value_type = detail::value_of<Function>;

    explicit shared_call(Function called_function) : function(std::move(called_function)) {}

    std::optional<error> execute(connection& connection) {
      if constexpr (std::is_void_v<return_type>) {
        function(connection);
      } else if constexpr (std::is_same_v<return_type, std::optional<error>>) {
        return function(connection);
      } else if constexpr (std::is_same_v<return_type, result<void>>) {
        auto outcome = function(connection);
        if (!outcome) return std::move(outcome).error();
      } else if constexpr (std::is_same_v<return_type, result<value_type>>) {
        auto outcome = function(connection);
        if (!outcome) return std::move(outcome).error();
        value.emplace(std::move(*outcome));
      } else {
        value.emplace(function(connection));
      }
      return std::nullopt;
    }

    Function function;
    std::optional<cohort::detail::non_void_type<value_type>> value;
  };

  task<std::optional<error>> run(access kind, const char* begin, call_context context, work job);
  void log_failure(const error& failure, access kind, std::string_view request_id) const;
  task<std::optional<error>> run_unrecorded(access kind, const char* begin, deadline call_deadline, work job);

  blocking_pool& blocking_;
  std::shared_ptr<telemetry::call_metrics> metrics_;
  telemetry::logger log_;
  std::string name_;
  /// Shared with the threads, which can outlive the database.
  std::shared_ptr<state> state_;
};

}  // namespace cohort::sqlite
