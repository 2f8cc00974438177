// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/assert/source_location.hpp>
#include <string>
#include <string_view>

#include <cohort/runtime/task.hpp>

namespace cohort::postgres {

enum class errc {
  invalid_connection_string = 1,
  invalid_parameter,      // a string with a NUL byte, or more parameters than the protocol allows; nothing was sent
  deadline_exceeded,      // no connection was available before the deadline; nothing was sent
  overloaded,             // too many calls wait for a connection; nothing was sent
  closed,                 // the pool is closed; nothing was sent
  resolve_failed,         // the host name does not exist, or the resolver failed; nothing was sent
  connect_failed,         // the server cannot be reached; nothing was sent
  connect_timeout,        // the connection attempt timed out; nothing was sent
  authentication_failed,  // the server rejected the user or the password (SQLSTATE class 28); nothing was sent
  connection_rejected,    // the server accepts no connection, or the database does not exist; nothing was sent
  statement_failed,       // the server reported an error: see `error::sqlstate`
  transaction_aborted,    // COMMIT of a transaction in which a statement had failed: the server has rolled it back
  timeout,                // no result before the deadline; the client has requested the cancellation of the statement
  connection_lost,   // the connection was closed before the result: the statement may or may not have been executed
  result_too_large,  // more bytes than `pool_settings::max_result_bytes`; the statement was cancelled
  unsupported,       // the function does not support the statement, such as `pool::query` for COPY
  no_such_column,    // in a result
  unexpected_null,   // a null value was read as a type that is not optional
  type_mismatch,     // a value cannot be read as the requested type
  cancelled,         // by the caller
};

/// The reason why a call failed. A response should not contain `message`, which can quote data of the database.
struct error {
  errc code;
  /// The SQLSTATE code (five characters), such as `23505` (unique_violation); empty if the server did not report the
  /// error. Source: PostgreSQL documentation, appendix A.
  std::string sqlstate{};
  /// The error text of the server or of this module; it never contains a password. Empty if `code` is sufficient, as
  /// for a timeout: use `log_text` for a log.
  std::string message{};
  /// The constraint that was violated, if any.
  std::string constraint{};
  /// Whether it is certain that the statement was not executed.
  bool not_executed = false;
};

/// A value or an `error`.
template <class T>
using result = cohort::result<T, error>;

/// The class of an error, for metrics: `timeout`, `shed`, `dns`, `connect`, `authentication`, `statement_error`,
/// `reset`, `too_big`, `cancelled` or `invalid`.
std::string_view error_class(errc code) noexcept;

/// One line for a log: the description of the code, the SQLSTATE and the message. The message is omitted if it can
/// contain values of parameters. Errors of class 42 (syntax and names), connection errors and errors of this module
/// never contain such values.
std::string log_text(const error& failure);

/// Called by `result::value()`: throws `std::runtime_error` with `log_text`.
[[noreturn]] void throw_exception_from_error(const error& failure, const boost::source_location& location);

}  // namespace cohort::postgres
