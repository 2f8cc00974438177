// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/assert/source_location.hpp>
#include <string>
#include <string_view>

#include <cohort/runtime/task.hpp>

namespace cohort::sqlite {

enum class errc {
  cannot_open = 1,        // the file cannot be opened or created, or is not a database
  invalid_statement,      // wrong SQL, an unknown table or column, or the wrong number of parameters
  unique_violation,       // violation of a UNIQUE constraint or a PRIMARY KEY
  foreign_key_violation,  //
  not_null_violation,     //
  check_violation,        // violation of a CHECK constraint
  constraint_violation,   // violation of another constraint, or an error that a trigger raised
  busy,                   // another process or connection held a lock for longer than `busy_timeout`
  disk_full,              // the file system is full, or `PRAGMA max_page_count` is reached
  read_only,              // a write in `database::read` or `query`, or to a read-only file
  result_too_large,       // more rows than `database_settings::max_rows`
  no_such_column,         // the row type and the result have different numbers of columns
  unexpected_null,        // a null value was read as a type that is not optional
  type_mismatch,          // a value cannot be read as the requested type without loss
  failed,                 // input/output error, corruption or insufficient memory: see `error::sqlite_code`
  timeout,                // the deadline passed: a running statement was interrupted
  cancelled,              // the caller was cancelled: a running statement was interrupted
  overloaded,             // too many calls wait; nothing was executed
  closed,                 // the database is closed; nothing was executed
};

/// The reason why a call failed. A response should not contain `message`, which names tables and columns.
struct error {
  errc code;
  /// The error text of SQLite or of this module. Never contains the value of a parameter.
  std::string message{};
  /// SQLite's extended result code (https://www.sqlite.org/rescode.html); 0 if the error is not SQLite's.
  int sqlite_code = 0;
};

/// A value or an `error`.
template <class T>
using result = cohort::result<T, error>;

/// The outcome of a call as a metric label: `constraint`, `busy`, `disk_full`, `timeout`, `shed`, `cancelled`,
/// `invalid` (an error of the caller) or `failed`.
std::string_view error_class(errc code) noexcept;

/// One line for a log: the description of the code and the message.
std::string log_text(const error& failure);

/// Called by `result::value()`: throws `std::runtime_error` with `log_text`.
[[noreturn]] void throw_exception_from_error(const error& failure, const boost::source_location& location);

namespace detail {
/// The error for SQLite's extended result code.
error make_error(int sqlite_code, std::string message);
}  // namespace detail

}  // namespace cohort::sqlite
