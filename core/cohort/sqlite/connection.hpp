// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <cohort/runtime/time/deadline.hpp>
#include <cohort/sqlite/statement.hpp>

struct sqlite3;

namespace cohort::sqlite {

/// The changes that a statement made.
struct changes {
  /// Number of rows that the statement inserted, updated or deleted, excluding changes by triggers and foreign key
  /// actions.
  std::int64_t rows = 0;
  /// The ROWID of the last inserted row.
  std::int64_t last_insert_id = 0;
};

struct connection_settings {
  std::string path;
  bool is_read_only = false;
  /// `PRAGMA synchronous`: FULL or NORMAL.
  bool is_durable = true;
  std::size_t max_rows = 0;
  std::size_t max_cached_statements = 0;
};

/// Limits of one call.
struct call_limits {
  std::stop_token stop{};
  /// The time, on the real clock, until which a statement waits for a lock.
  deadline lock_deadline = deadline::never();
  /// Whether statements wait for locks; false on a virtual clock, whose time does not advance while a function runs.
  bool waits_for_locks = true;
};

/// A connection to a database, for functions on a thread of the blocking pool (`database::read`, `database::write`).
/// All members block. Pass values only as parameters (`?1`), never in the text of a statement.
class connection {
 public:
  explicit connection(connection_settings settings) : settings_(std::move(settings)) {}
  ~connection();
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  /// Executes one statement and returns its rows. A row is one value, a `std::tuple`, or a struct that is described
  /// with Boost.Describe, whose members are the columns in their order. Types of values: `bool`, integers, `double`,
  /// `std::string`, `bytes`, and optionals of them.
  template <class Row, class... Parameters>
  result<std::vector<Row>> query(std::string_view text, Parameters&&... parameters) {
    return query_with_parameters<Row>(text, {parameter(std::forward<Parameters>(parameters))...});
  }
  template <class Row>
  result<std::vector<Row>> query_with_parameters(std::string_view text, const std::vector<parameter>& parameters) {
    std::vector<Row> rows;
    const auto read_row = [&](const statement& source) {
      Row row{};
      auto failure = detail::read_row(source, row);
      rows.push_back(std::move(row));
      return failure;
    };
    if (auto failure = for_each_row(text, parameters, detail::column_count<Row>(), read_row))
      return std::move(*failure);
    return rows;
  }
  /// Executes one statement and returns its first row; empty if there is none.
  template <class Row, class... Parameters>
  result<std::optional<Row>> query_one(std::string_view text, Parameters&&... parameters) {
    auto rows = query<Row>(text, std::forward<Parameters>(parameters)...);
    if (!rows) return rows.error();
    if (rows->empty()) return std::optional<Row>{};
    return std::optional<Row>{std::move(rows->front())};
  }
  /// Executes one statement without a result. Rows that the statement returns are ignored.
  template <class... Parameters>
  result<changes> execute(std::string_view text, Parameters&&... parameters) {
    return execute_with_parameters(text, {parameter(std::forward<Parameters>(parameters))...});
  }
  result<changes> execute_with_parameters(std::string_view text, const std::vector<parameter>& parameters);
  /// Executes several statements without parameters, such as a schema. Stops at the first error.
  std::optional<error> execute_script(const std::string& text);

 private:
  friend class active_call;
  struct statement_deleter {
    void operator()(sqlite3_stmt* prepared_statement) const noexcept;
  };
  using statement_pointer = std::unique_ptr<sqlite3_stmt, statement_deleter>;
  struct cached_statement {
    std::string text;
    statement_pointer prepared_statement;
  };
  using reader = std::optional<error> (*)(void* function, const statement& source);

  template <class Function>
  std::optional<error> for_each_row(std::string_view text, const std::vector<parameter>& parameters, int columns,
                                    Function function) {
    return read_rows(text, parameters, columns, &function,
                     [](void* self, const statement& source) { return (*static_cast<Function*>(self))(source); });
  }
  std::optional<error> read_rows(std::string_view text, const std::vector<parameter>& parameters, int columns,
                                 void* function, reader read);

  std::optional<error> open();
  std::optional<error> configure();
  void close() noexcept;
  bool is_in_transaction() const noexcept;
  /// The statement from the cache, or a new statement.
  result<sqlite3_stmt*> prepare(std::string_view text);
  std::optional<error> check_stopped() const;
  error last_error() const;
  static int on_busy(void* self, int attempts) noexcept;
  static int on_progress(void* self) noexcept;

  connection_settings settings_;
  sqlite3* handle_ = nullptr;
  /// The prepared statements, the most recently used first.
  std::list<cached_statement> statements_;
  std::unordered_map<std::string_view, std::list<cached_statement>::iterator> statements_by_text_;
  call_limits limits_;
};

/// Limits the statements of a connection while it exists, and interrupts a running statement when a stop is requested.
class active_call {
 public:
  active_call(connection& connection, call_limits limits);
  ~active_call();
  active_call(const active_call&) = delete;
  active_call& operator=(const active_call&) = delete;

  /// Opens the file unless it is open.
  std::optional<error> open();
  /// Calls `function`, in a transaction unless `begin` is null. The transaction is committed if the function returns no
  /// error, and rolled back otherwise, even if it throws.
  template <class Function>
  std::optional<error> run(const char* begin, Function& function) {
    if (begin) {
      if (auto failure = connection_.execute_script(begin)) return failure;
    }
    std::optional<error> failure = function(connection_);
    if (!failure && begin) failure = connection_.execute_script("COMMIT");
    return failure;
  }

 private:
  struct interrupter {
    sqlite3* handle;
    void operator()() const noexcept;
  };

  connection& connection_;
  std::optional<std::stop_callback<interrupter>> on_stop_;
};

}  // namespace cohort::sqlite
