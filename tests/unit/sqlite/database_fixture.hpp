// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <utility>

#include <cohort/runtime/time/virtual_time.hpp>
#include <cohort/sqlite/database.hpp>
#include "tests/support/temporary_directory.hpp"
#include "tests/unit/telemetry/captured_log.hpp"

namespace cohort::test {

using namespace std::chrono_literals;

inline task<sqlite::result<void>> create_users(sqlite::database& database, call_context context) {
  auto create = [](sqlite::connection& connection) {
    return connection.execute_script(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, age INTEGER CHECK (age >= 0));"
        "CREATE TABLE posts (id INTEGER PRIMARY KEY, author INTEGER NOT NULL REFERENCES users (id));");
  };
  return database.write(context, std::move(create));
}

inline sqlite::database_settings with_path(sqlite::database_settings settings, const temporary_directory& directory) {
  settings.path = directory.path() / "test.db";
  return settings;
}

/// A database in a temporary directory, on a virtual clock.
struct database_fixture {
  explicit database_fixture(sqlite::database_settings database_settings = {}, blocking_pool_settings threads = {})
      : blocking(threads), settings(with_path(std::move(database_settings), directory)) {}

  call_context context(duration timeout = 10s) {
    return {.deadline = deadline::after(time.now(), timeout), .request_id = "test"};
  }
  /// Executes a statement on a table `users (id, name, age)`.
  template <class... Parameters>
  sqlite::result<sqlite::changes> execute(std::string text, Parameters... parameters) {
    return time.run(database.execute(context(), std::move(text), parameters...));
  }
  template <class Row, class... Parameters>
  sqlite::result<std::vector<Row>> query(std::string text, Parameters... parameters) {
    return time.run(database.query<Row>(context(), std::move(text), parameters...));
  }
  template <class Function>
  auto write(Function function) {
    return time.run(database.write(context(), std::move(function)));
  }
  void create() { time.run(create_users(database, context())).value(); }
  double metric(const std::string& outcome) {
    return metrics.make_counter("cohort_sqlite_requests_total", "", {{"upstream", "sqlite"}, {"outcome", outcome}})
        .value();
  }

  telemetry::logger log() { return {captured.sink(), "test", telemetry::log_level::info, telemetry::log_format::json}; }

  temporary_directory directory;
  captured_log captured;
  virtual_time time;
  telemetry::registry metrics{1};
  blocking_pool blocking;
  sqlite::database_settings settings;
  sqlite::database database{blocking, metrics, log(), settings};
};

}  // namespace cohort::test
