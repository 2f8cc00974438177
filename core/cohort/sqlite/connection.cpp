// SPDX-License-Identifier: BSL-1.0
#include <cohort/sqlite/connection.hpp>

#include <sqlite3.h>
#include <algorithm>
#include <chrono>
#include <thread>

namespace cohort::sqlite {
namespace {

using namespace std::chrono_literals;

/// The number of virtual machine instructions between two checks for a stop request. The instructions take a few
/// microseconds.
constexpr int progress_interval = 1000;
/// Delay between two attempts to acquire a lock.
constexpr duration max_lock_interval = 20ms;

/// Whether the text has only whitespace, comments and semicolons.
bool is_blank(sqlite3* handle, const char* begin, const char* end) {
  while (begin != end) {
    sqlite3_stmt* prepared_statement = nullptr;
    const char* tail = nullptr;
    const int code = sqlite3_prepare_v2(handle, begin, static_cast<int>(end - begin), &prepared_statement, &tail);
    sqlite3_finalize(prepared_statement);
    if (code != SQLITE_OK || prepared_statement || tail == begin) return false;
    begin = tail;
  }
  return true;
}

}  // namespace

void connection::statement_deleter::operator()(sqlite3_stmt* prepared_statement) const noexcept {
  sqlite3_finalize(prepared_statement);
}

connection::~connection() { close(); }

result<changes> connection::execute_with_parameters(std::string_view text, const std::vector<parameter>& parameters) {
  const auto ignore_row = [](const statement&) { return std::optional<error>{}; };
  if (auto failure = for_each_row(text, parameters, -1, ignore_row)) return std::move(*failure);
  return changes{sqlite3_changes64(handle_), sqlite3_last_insert_rowid(handle_)};
}

std::optional<error> connection::execute_script(const std::string& text) {
  if (auto stop_error = check_stopped()) return stop_error;
  if (sqlite3_exec(handle_, text.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return last_error();
  return std::nullopt;
}

std::optional<error> connection::read_rows(std::string_view text, const std::vector<parameter>& parameters, int columns,
                                           void* function, reader read) {
  if (auto stop_error = check_stopped()) return stop_error;
  const auto prepared_statement = prepare(text);
  if (!prepared_statement) return prepared_statement.error();
  statement statement{*prepared_statement};
  if (columns >= 0 && statement.columns() != columns) {
    return error{errc::no_such_column, "the number of columns is " + std::to_string(statement.columns()) +
                                           ", but the row type has " + std::to_string(columns)};
  }
  if (auto failure = statement.bind(parameters)) return failure;
  for (std::size_t rows = 0;; ++rows) {
    const auto has_row = statement.step();
    if (!has_row) return has_row.error();
    if (!*has_row) return std::nullopt;
    if (columns >= 0 && rows == settings_.max_rows) {
      return error{errc::result_too_large, "more than " + std::to_string(rows) + " rows; use LIMIT"};
    }
    if (auto failure = read(function, statement)) return failure;
  }
}

std::optional<error> connection::open() {
  if (handle_) return std::nullopt;
  if (settings_.path.empty() || settings_.path.starts_with(":")) {
    return error{errc::cannot_open, "the path is \"" + settings_.path + "\", but must be the path of a file"};
  }
  // A reader also opens the file for writing, because it may have to create the index of the write-ahead log.
  constexpr int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  std::optional<error> failure;
  if (sqlite3_open_v2(settings_.path.c_str(), &handle_, flags, nullptr) != SQLITE_OK) {
    failure = handle_ ? last_error() : error{errc::failed, "insufficient memory"};
  } else {
    failure = configure();
  }
  if (!failure) return std::nullopt;
  close();
  if (failure->code != errc::busy && failure->code != errc::timeout) failure->code = errc::cannot_open;
  failure->message += " (" + settings_.path + ")";
  return failure;
}

std::optional<error> connection::configure() {
  sqlite3_busy_handler(handle_, &connection::on_busy, this);
  sqlite3_progress_handler(handle_, progress_interval, &connection::on_progress, this);
  for (const int option : {SQLITE_DBCONFIG_DQS_DDL, SQLITE_DBCONFIG_DQS_DML, SQLITE_DBCONFIG_TRUSTED_SCHEMA}) {
    sqlite3_db_config(handle_, option, 0, nullptr);
  }
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  std::string pragmas = "PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON;";
  pragmas += settings_.is_durable ? "PRAGMA synchronous = FULL;" : "PRAGMA synchronous = NORMAL;";
  if (settings_.is_read_only) pragmas += "PRAGMA query_only = ON;";
  return execute_script(pragmas);
}

void connection::close() noexcept {
  statements_by_text_.clear();
  statements_.clear();
  sqlite3_close(std::exchange(handle_, nullptr));
}

bool connection::is_in_transaction() const noexcept { return handle_ && sqlite3_get_autocommit(handle_) == 0; }

result<sqlite3_stmt*> connection::prepare(std::string_view text) {
  if (const auto found = statements_by_text_.find(text); found != statements_by_text_.end()) {
    statements_.splice(statements_.begin(), statements_, found->second);
    return found->second->prepared_statement.get();
  }
  sqlite3_stmt* prepared_statement = nullptr;
  const char* tail = nullptr;
  const auto size = static_cast<int>(std::min<std::size_t>(text.size(), std::numeric_limits<int>::max()));
  if (sqlite3_prepare_v3(handle_, text.data(), size, SQLITE_PREPARE_PERSISTENT, &prepared_statement, &tail) !=
      SQLITE_OK) {
    return last_error();
  }
  statement_pointer statement{prepared_statement};
  if (!statement) return error{errc::invalid_statement, "the statement is empty"};
  if (!is_blank(handle_, tail, text.data() + text.size())) {
    return error{errc::invalid_statement, "there is more than one statement; use execute_script"};
  }
  if (statements_.size() >= std::max<std::size_t>(settings_.max_cached_statements, 1)) {
    statements_by_text_.erase(statements_.back().text);
    statements_.pop_back();
  }
  statements_.push_front({std::string{text}, std::move(statement)});
  statements_by_text_.emplace(statements_.front().text, statements_.begin());
  return prepared_statement;
}

std::optional<error> connection::check_stopped() const {
  if (!limits_.stop.stop_requested()) return std::nullopt;
  return error{errc::timeout, "the call has ended"};
}

error connection::last_error() const {
  return detail::make_error(sqlite3_extended_errcode(handle_), sqlite3_errmsg(handle_));
}

int connection::on_busy(void* self, int attempts) noexcept {
  const auto& limits = static_cast<const connection*>(self)->limits_;
  const auto now = real_clock().now();
  if (!limits.waits_for_locks || limits.stop.stop_requested() || limits.lock_deadline.expired(now)) return 0;
  const duration interval = std::min<duration>(max_lock_interval, 1ms * (attempts + 1));
  std::this_thread::sleep_for(std::min(interval, limits.lock_deadline.remaining(now)));
  return 1;
}

int connection::on_progress(void* self) noexcept {
  return static_cast<const connection*>(self)->limits_.stop.stop_requested() ? 1 : 0;
}

// ---- active_call

void active_call::interrupter::operator()() const noexcept { sqlite3_interrupt(handle); }

active_call::active_call(connection& connection, call_limits limits) : connection_(connection) {
  connection_.limits_ = std::move(limits);
}

active_call::~active_call() {
  on_stop_.reset();
  // The rollback itself is not interrupted.
  connection_.limits_.stop = {};
  if (!connection_.is_in_transaction()) return;
  if (connection_.execute_script("ROLLBACK") || connection_.is_in_transaction()) connection_.close();
}

std::optional<error> active_call::open() {
  if (auto stop_error = connection_.check_stopped()) return stop_error;
  if (auto failure = connection_.open()) return failure;
  on_stop_.emplace(connection_.limits_.stop, interrupter{connection_.handle_});
  return std::nullopt;
}

}  // namespace cohort::sqlite
