// SPDX-License-Identifier: BSL-1.0
// Tests deadlines, locks, overload and threads.
#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <thread>

#include <cohort/runtime/concurrency/when_all.hpp>
#include "tests/unit/net/loopback.hpp"
#include "tests/unit/runtime/task_fixtures.hpp"
#include "tests/unit/sqlite/database_fixture.hpp"

namespace cohort::test {
namespace {

using sqlite::errc;

/// Runs for hours.
constexpr auto endless_query =
    "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers) SELECT max(n) FROM numbers";

/// A write lock held by a separate connection, as by another process.
struct write_lock {
  explicit write_lock(const std::string& path) : connection{{.path = path, .max_rows = 1}} {
    if (call.open() || connection.execute_script("BEGIN IMMEDIATE")) throw std::runtime_error("no lock");
  }
  sqlite::connection connection;
  sqlite::active_call call{connection, {}};
};

/// A database on a loop with the real clock.
struct real_time_database : real_time_fixture {
  explicit real_time_database(sqlite::database_settings database_settings = {})
      : settings(with_path(std::move(database_settings), directory)) {
    run(create_users(database, context())).value();
  }
  call_context context(duration timeout = 30s) { return {.deadline = deadline::after(event_loop().now(), timeout)}; }

  temporary_directory directory;
  telemetry::registry metrics{1};
  blocking_pool blocking;
  sqlite::database_settings settings;
  captured_log captured;
  telemetry::logger log{captured.sink(), "test", telemetry::log_level::info, telemetry::log_format::json};
  sqlite::database database{blocking, metrics, log, settings};
};

TEST_CASE("sqlite: a call times out at its deadline on virtual time, and has no effect", "[sqlite]") {
  database_fixture fixture;
  fixture.create();
  fixture.blocking.set_simulated_cost(2s);
  const auto start = fixture.time.now();
  auto insert_task = fixture.database.execute(fixture.context(1s), "INSERT INTO users (name) VALUES ('Ada')");
  CHECK(fixture.time.run(std::move(insert_task)).error().code == errc::timeout);
  CHECK(fixture.time.now() - start <= 1s + tick);
  CHECK(fixture.query<int>("SELECT count(*) FROM users").value() == std::vector{0});
  CHECK(fixture.metric("timeout") == 1);
}

TEST_CASE("sqlite: writers wait for each other up to their deadlines", "[sqlite]") {
  database_fixture fixture;
  fixture.create();
  fixture.blocking.set_simulated_cost(1s);
  const auto insert = [&](std::string name, duration timeout) {
    return fixture.database.execute(fixture.context(timeout), "INSERT INTO users (name) VALUES (?1)", std::move(name));
  };
  auto both = fixture.time.run(when_all(insert("Ada", 3s), insert("Alan", 3s), insert("Grace", 2500ms)));
  CHECK(std::get<0>(both).has_value());
  CHECK(std::get<1>(both).has_value());
  CHECK(std::get<2>(both).error().code == errc::timeout);
  CHECK(fixture.query<int>("SELECT count(*) FROM users").value() == std::vector{2});
}

TEST_CASE("sqlite: more waiting calls than the maximum are rejected immediately", "[sqlite]") {
  database_fixture fixture{{.max_waiters = 1}};
  const auto write = [&] { return fixture.database.execute(fixture.context(), "CREATE TABLE IF NOT EXISTS t (a)"); };
  auto outcomes = fixture.time.run(when_all(write(), write(), write()));
  CHECK(std::get<0>(outcomes).has_value());
  CHECK(std::get<1>(outcomes).has_value());
  CHECK(log_text(std::get<2>(outcomes).error()) == "too many calls wait for the database: 1 is the limit");
  CHECK(fixture.metric("shed") == 1);
}

TEST_CASE("sqlite: a cancelled call returns its connection", "[sqlite]") {
  database_fixture fixture;
  fixture.blocking.set_simulated_cost(1s);
  spawned_task writing{fixture.time, fixture.database.execute(fixture.context(), "CREATE TABLE t (a)")};
  fixture.time.run_for(500ms);
  writing.cancel();
  CHECK(writing.ended());
  CHECK(fixture.execute("CREATE TABLE t (a)").has_value());
  CHECK(fixture.metric("cancelled") == 1);
}

TEST_CASE("sqlite: a closed database rejects calls", "[sqlite]") {
  database_fixture fixture;
  fixture.create();
  fixture.time.run(fixture.database.close());
  CHECK(fixture.execute("DELETE FROM users").error().code == errc::closed);
  CHECK(fixture.query<int>("SELECT 1").error().code == errc::closed);
}

TEST_CASE("sqlite: on virtual time, a locked database is reported immediately as an error", "[sqlite]") {
  database_fixture fixture;
  fixture.create();
  const write_lock lock{fixture.settings.path};
  CHECK(log_text(fixture.execute("DELETE FROM users").error()) == "a lock was not acquired: database is locked");
  CHECK(fixture.query<int>("SELECT count(*) FROM users").has_value());
}

TEST_CASE("sqlite: a running statement is interrupted at the deadline of its caller", "[sqlite][threads]") {
  real_time_database fixture;
  const auto start = fixture.event_loop().now();
  CHECK(fixture.run(fixture.database.query<int>(fixture.context(50ms), endless_query)).error().code == errc::timeout);
  auto endless_write = [](sqlite::connection& connection) {
    connection.execute("INSERT INTO users (name) VALUES ('Ada')").value();
    return connection.query<int>(endless_query);
  };
  auto write_task = fixture.database.write(fixture.context(50ms), std::move(endless_write));
  CHECK(fixture.run(std::move(write_task)).error().code == errc::timeout);
  // `close` waits for the threads, which have interrupted the statements and rolled back.
  fixture.run(fixture.database.close());
  CHECK(fixture.event_loop().now() - start < 20s);
  sqlite::database database{fixture.blocking, fixture.metrics, fixture.log, fixture.settings};
  CHECK(fixture.run(database.query<int>(fixture.context(), "SELECT count(*) FROM users")).value() == std::vector{0});
}

TEST_CASE("sqlite: a write waits for the lock of another process", "[sqlite][threads]") {
  real_time_database fixture{{.busy_timeout = 30s}};
  auto lock = std::make_unique<write_lock>(fixture.settings.path);
  SECTION("the busy timeout ends the wait") {
    sqlite::database_settings short_timeout = fixture.settings;
    short_timeout.busy_timeout = 20ms;
    sqlite::database other_database{fixture.blocking, fixture.metrics, fixture.log, short_timeout};
    CHECK(fixture.run(other_database.execute(fixture.context(), "DELETE FROM users")).error().code == errc::busy);
  }
  SECTION("the deadline of the call ends the wait") {
    auto write_task = fixture.database.execute(fixture.context(20ms), "DELETE FROM users");
    CHECK(fixture.run(std::move(write_task)).error().code == errc::timeout);
  }
  SECTION("the write continues when the lock is released") {
    auto write = [](sqlite::database& database, call_context context,
                    std::unique_ptr<write_lock>& held) -> task<sqlite::result<sqlite::changes>> {
      auto release = [](std::unique_ptr<write_lock>& write_lock) -> task<> {
        co_await sleep_for(20ms);
        write_lock.reset();
      };
      auto both_tasks = when_all(database.execute(context, "DELETE FROM users"), release(held));
      auto outcome = co_await std::move(both_tasks);
      co_return std::get<0>(outcome);
    };
    CHECK(fixture.run(write(fixture.database, fixture.context(), lock)).has_value());
  }
}

task<> add_repeatedly(sqlite::database& database, int count, std::atomic<int>& failures) {
  for (int i = 0; i < count; ++i) {
    auto add = [](sqlite::connection& connection) -> sqlite::result<sqlite::changes> {
      const auto value = connection.query_one<int>("SELECT value FROM counter");
      if (!value) return value.error();
      return connection.execute("UPDATE counter SET value = ?1", **value + 1);
    };
    const call_context context{.deadline = deadline::after(loop::current().now(), 60s)};
    auto write_task = database.write(context, std::move(add));
    const auto written = co_await std::move(write_task);
    auto read_task = database.query<int>(context, "SELECT value FROM counter");
    const auto read = co_await std::move(read_task);
    if (!written || !read) ++failures;
  }
}

TEST_CASE("sqlite: several loops of a program can share a database", "[sqlite][threads]") {
  real_time_database fixture;
  auto create = [](sqlite::connection& connection) {
    return connection.execute_script("CREATE TABLE counter (value); INSERT INTO counter VALUES (0)");
  };
  fixture.run(fixture.database.write(fixture.context(), std::move(create))).value();
  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      real_time_fixture other_fixture;
      other_fixture.run(add_repeatedly(fixture.database, 50, failures));
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(failures == 0);
  CHECK(fixture.run(fixture.database.query<int>(fixture.context(), "SELECT value FROM counter")).value() ==
        std::vector{150});
}

}  // namespace
}  // namespace cohort::test
