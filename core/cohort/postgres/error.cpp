// SPDX-License-Identifier: BSL-1.0
#include <cohort/postgres/error.hpp>

#include <stdexcept>

namespace cohort::postgres {
namespace {

std::string_view describe(errc code) noexcept {
  switch (code) {
    case errc::invalid_connection_string: return "the connection string is invalid";
    case errc::invalid_parameter: return "a parameter is invalid";
    case errc::deadline_exceeded: return "no connection was available before the deadline";
    case errc::overloaded: return "too many calls wait for a connection";
    case errc::closed: return "the pool is closed";
    case errc::resolve_failed: return "the host name could not be resolved";
    case errc::connect_failed: return "the server cannot be reached";
    case errc::connect_timeout: return "the connection attempt timed out";
    case errc::authentication_failed: return "the server rejected the user or the password";
    case errc::connection_rejected: return "the server rejected the connection";
    case errc::statement_failed: return "the statement failed";
    case errc::transaction_aborted: return "the transaction was rolled back, because a statement in it had failed";
    case errc::timeout: return "the statement timed out";
    case errc::connection_lost: return "the connection was lost before the result";
    case errc::result_too_large: return "the result exceeds the size limit";
    case errc::unsupported: return "the statement is not supported by this function";
    case errc::no_such_column: return "the result has no such column";
    case errc::unexpected_null: return "the value is null";
    case errc::type_mismatch: return "the value does not have the requested type";
    case errc::cancelled: return "the call was cancelled";
  }
  return "unknown error";
}

/// Whether the message contains no values of parameters and columns. A loggable message may contain the text of the
/// statement, the server or the settings. Other messages can quote values: `invalid input syntax for type integer:
/// "…"`.
bool is_loggable(const error& failure) noexcept {
  return failure.code != errc::statement_failed || failure.sqlstate.starts_with("42");
}

}  // namespace

std::string_view error_class(errc code) noexcept {
  switch (code) {
    case errc::deadline_exceeded:
    case errc::connect_timeout:
    case errc::timeout: return "timeout";
    case errc::overloaded: return "shed";
    case errc::resolve_failed: return "dns";
    case errc::connect_failed:
    case errc::connection_rejected: return "connect";
    case errc::authentication_failed: return "authentication";
    case errc::statement_failed:
    case errc::transaction_aborted: return "statement_error";
    case errc::connection_lost: return "reset";
    case errc::result_too_large: return "too_big";
    case errc::closed:
    case errc::cancelled: return "cancelled";
    case errc::invalid_connection_string:
    case errc::invalid_parameter:
    case errc::unsupported:
    case errc::no_such_column:
    case errc::unexpected_null:
    case errc::type_mismatch: return "invalid";
  }
  return "invalid";
}

std::string log_text(const error& failure) {
  std::string text{describe(failure.code)};
  if (!failure.sqlstate.empty()) text += ", SQLSTATE " + failure.sqlstate;
  if (!failure.constraint.empty()) text += ", constraint " + failure.constraint;
  if (!failure.message.empty() && is_loggable(failure)) text += ": " + failure.message;
  return text;
}

void throw_exception_from_error(const error& failure, const boost::source_location&) {
  throw std::runtime_error("postgres: " + log_text(failure));
}

}  // namespace cohort::postgres
