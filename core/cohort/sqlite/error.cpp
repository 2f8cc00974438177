// SPDX-License-Identifier: BSL-1.0
#include <cohort/sqlite/error.hpp>

#include <sqlite3.h>
#include <stdexcept>
#include <utility>

namespace cohort::sqlite {
namespace {

std::string_view description(errc code) noexcept {
  switch (code) {
    case errc::cannot_open: return "the database cannot be opened";
    case errc::invalid_statement: return "the statement is invalid";
    case errc::unique_violation: return "a unique constraint is violated";
    case errc::foreign_key_violation: return "a foreign key constraint is violated";
    case errc::not_null_violation: return "a NOT NULL constraint is violated";
    case errc::check_violation: return "a CHECK constraint is violated";
    case errc::constraint_violation: return "a constraint is violated";
    case errc::busy: return "a lock was not acquired";
    case errc::disk_full: return "the data could not be stored";
    case errc::read_only: return "the database cannot be written";
    case errc::result_too_large: return "the result has too many rows";
    case errc::no_such_column: return "the result does not have the columns of the row type";
    case errc::unexpected_null: return "a value is null";
    case errc::type_mismatch: return "a value does not have the requested type";
    case errc::failed: return "the database failed";
    case errc::timeout: return "the deadline has passed";
    case errc::cancelled: return "the call was cancelled";
    case errc::overloaded: return "too many calls wait for the database";
    case errc::closed: return "the database is closed";
  }
  return "unknown error";
}

errc constraint_error(int sqlite_code) noexcept {
  switch (sqlite_code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID: return errc::unique_violation;
    case SQLITE_CONSTRAINT_FOREIGNKEY: return errc::foreign_key_violation;
    case SQLITE_CONSTRAINT_NOTNULL: return errc::not_null_violation;
    case SQLITE_CONSTRAINT_CHECK: return errc::check_violation;
    default: return errc::constraint_violation;
  }
}

errc code_of(int sqlite_code) noexcept {
  switch (sqlite_code & 0xff) {
    case SQLITE_CONSTRAINT: return constraint_error(sqlite_code);
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return errc::busy;
    case SQLITE_FULL: return errc::disk_full;
    case SQLITE_READONLY: return errc::read_only;
    case SQLITE_CANTOPEN:
    case SQLITE_NOTADB: return errc::cannot_open;
    case SQLITE_INTERRUPT: return errc::timeout;
    case SQLITE_ERROR:
    case SQLITE_RANGE:
    case SQLITE_TOOBIG:
    case SQLITE_MISUSE:
    case SQLITE_AUTH: return errc::invalid_statement;
    case SQLITE_MISMATCH: return errc::type_mismatch;
    default: return errc::failed;
  }
}

}  // namespace

std::string_view error_class(errc code) noexcept {
  switch (code) {
    case errc::unique_violation:
    case errc::foreign_key_violation:
    case errc::not_null_violation:
    case errc::check_violation:
    case errc::constraint_violation: return "constraint";
    case errc::busy: return "busy";
    case errc::disk_full: return "disk_full";
    case errc::timeout: return "timeout";
    case errc::overloaded:
    case errc::closed: return "shed";
    case errc::cancelled: return "cancelled";
    case errc::invalid_statement:
    case errc::read_only:
    case errc::result_too_large:
    case errc::no_such_column:
    case errc::unexpected_null:
    case errc::type_mismatch: return "invalid";
    case errc::cannot_open:
    case errc::failed: break;
  }
  return "failed";
}

std::string log_text(const error& failure) {
  std::string text{description(failure.code)};
  if (!failure.message.empty()) text += ": " + failure.message;
  return text;
}

void throw_exception_from_error(const error& failure, const boost::source_location&) {
  throw std::runtime_error(log_text(failure));
}

error detail::make_error(int sqlite_code, std::string message) {
  return error{.code = code_of(sqlite_code), .message = std::move(message), .sqlite_code = sqlite_code};
}

}  // namespace cohort::sqlite
