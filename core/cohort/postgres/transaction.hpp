// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <string>
#include <utility>

#include <cohort/postgres/connection.hpp>
#include <cohort/postgres/copy.hpp>
#include <cohort/postgres/row_stream.hpp>

namespace cohort::postgres {

class active_call;

enum class isolation_level { read_committed, repeatable_read, serializable };

struct transaction_options {
  isolation_level isolation = isolation_level::read_committed;
  bool read_only = false;
};

/// A transaction on one connection. The transaction has one deadline: the deadline of the context passed to
/// `pool::begin`, at most `pool_settings::timeout`. Only one statement may run at a time. If the transaction is
/// destroyed without `commit`, it is rolled back before its connection is reused. The pool must outlive the
/// transaction.
class transaction {
 public:
  transaction(transaction&&) noexcept;
  transaction& operator=(transaction&&) noexcept;
  ~transaction();

  /// Executes one statement. After a failed statement, further statements fail with SQLSTATE 25P02 until the rollback,
  /// as in PostgreSQL. A SAVEPOINT limits the rollback.
  template <class... Parameters>
  task<result<rows>> query(std::string text, Parameters&&... parameters) {
    return execute(statement{std::move(text), {parameter(std::forward<Parameters>(parameters))...}});
  }
  task<result<rows>> execute(statement statement);

  /// Executes one statement and streams its rows. The stream must end before the next statement.
  template <class... Parameters>
  task<result<row_stream>> stream(std::string text, Parameters&&... parameters) {
    return open_stream(statement{std::move(text), {parameter(std::forward<Parameters>(parameters))...}});
  }
  task<result<row_stream>> open_stream(statement statement);

  /// COPY within the transaction; see `pool::copy_out` and `pool::copy_in`. The COPY must end before the next
  /// statement.
  task<result<copy_reader>> copy_out(std::string text);
  task<result<copy_writer>> copy_in(std::string text);

  /// Ends the transaction. `transaction_aborted`: a statement had failed, and the server has rolled it back.
  /// `connection_lost` or `timeout`: it is unknown whether the transaction was committed.
  task<result<rows>> commit();
  /// Rolls the transaction back.
  task<result<rows>> rollback();

 private:
  friend class pool;
  explicit transaction(std::shared_ptr<active_call> call) noexcept;
  task<result<rows>> end(std::string command);
  task<std::optional<error>> start_copy(std::string text, copy_direction direction);

  std::shared_ptr<active_call> call_;
};

}  // namespace cohort::postgres
