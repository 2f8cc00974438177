// SPDX-License-Identifier: BSL-1.0
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cohort/runtime/concurrency/run_on.hpp>
#include <cohort/runtime/concurrency/task_group.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>
#include <thread>

#include "tests/integration/postgres/libpq_fixture.hpp"

namespace cohort::test {
namespace {

/// Returns the number of sessions that execute a statement with this text.
task<int> count_running_statements(postgres::pool& pool, std::string text) {
  const auto counted = co_await pool.query(
      libpq_fixture::in(10s), "select count(*) from pg_stat_activity where state = 'active' and query = $1", text);
  co_return counted.value()[0].get<int>(0).value();
}

task<> query_and_store_error(postgres::pool& pool, std::string text, duration remaining_time,
                             postgres::error* failure) {
  const auto fetched = co_await pool.query(libpq_fixture::in(remaining_time), std::move(text));
  if (!fetched) *failure = fetched.error();
}

task<> exceed_deadline(postgres::pool& pool) {
  const std::string slow = "select pg_sleep(600)";
  task_group calls{[](std::exception_ptr failure) { std::rethrow_exception(failure); }};
  postgres::error failure{};
  const auto begin = loop::current().now();
  calls.spawn(query_and_store_error(pool, slow, 300ms, &failure));
  while (co_await count_running_statements(pool, slow) == 0) co_await sleep_for(5ms);
  co_await calls.join();
  CHECK(failure.code == errc::timeout);
  CHECK(loop::current().now() - begin < 5s);
  while (co_await count_running_statements(pool, slow) != 0) co_await sleep_for(5ms);
  CHECK(loop::current().now() - begin < 10s);
  // Both connections are idle again.
  while (pool.connections().idle < 2) co_await sleep_for(1ms);
  CHECK(pool.connections().open == 2);
}

TEST_CASE("libpq: at the deadline the server cancels the statement, and the connection is reused",
          "[postgres][libpq][threads]") {
  libpq_fixture fixture{{.max_connections = 2}};
  fixture.run(exceed_deadline(fixture.pool));
}

task<> exceed_pool_limit(postgres::pool& pool) {
  task_group calls{[](std::exception_ptr failure) { std::rethrow_exception(failure); }};
  std::vector<postgres::error> failures(20);
  for (auto& failure : failures) calls.spawn(query_and_store_error(pool, "select pg_sleep(0.02)", 10s, &failure));
  const auto counted = co_await pool.query(
      libpq_fixture::in(10s), "select count(*) from pg_stat_activity where backend_type = 'client backend'");
  CHECK(counted.value()[0].get<int>(0).value() <= 3);
  co_await calls.join();
  for (const auto& failure : failures) CHECK(failure.code == errc{});
  CHECK(pool.connections().open == 3);
}

TEST_CASE("libpq: the pool opens at most its maximum number of connections", "[postgres][libpq]") {
  libpq_fixture fixture{{.max_connections = 3}};
  fixture.run(exceed_pool_limit(fixture.pool));
}

struct restart_record {
  bool has_stopped = false;
  bool has_ended = false;
  int succeeded = 0;
  int success_count_after_restart = 0;
  std::vector<postgres::error> failures;
  /// Failures of calls that started after the server had stopped.
  int failure_count_after_restart = 0;
};

task<> query_until_end(postgres::pool& pool, std::shared_ptr<restart_record> record) {
  while (!record->has_ended) {
    const bool is_late = record->has_stopped;
    const auto fetched = co_await pool.query(libpq_fixture::in(30s), "select n from generate_series(1, 10) n");
    if (fetched) {
      ++(is_late ? record->success_count_after_restart : record->succeeded);
    } else {
      record->failures.push_back(fetched.error());
      if (is_late) ++record->failure_count_after_restart;
    }
    co_await sleep_for(200us);
  }
}

task<> restart_under_load(postgres::pool& pool, blocking_pool& blocking, std::shared_ptr<restart_record> record) {
  task_group calls{[](std::exception_ptr failure) { std::rethrow_exception(failure); }};
  for (int i = 0; i < 16; ++i) calls.spawn(query_until_end(pool, record));
  while (record->succeeded < 100) co_await sleep_for(5ms);
  auto stop = [] { libpq_fixture::server().stop(); };
  co_await blocking.run(deadline::never(), stop);
  record->has_stopped = true;
  co_await sleep_for(100ms);
  // The server process is killed when the thread that started it ends, so this thread starts it.
  libpq_fixture::server().start();
  while (record->success_count_after_restart < 100) co_await sleep_for(5ms);
  record->has_ended = true;
  co_await calls.join();
}

TEST_CASE("libpq: during a server restart under load, only the calls in flight fail", "[postgres][libpq][threads]") {
  const auto record = std::make_shared<restart_record>();
  libpq_fixture fixture{{.max_connections = 8, .timeout = 30s, .reconnect_window = 30s}};
  fixture.run(restart_under_load(fixture.pool, fixture.blocking, record));
  CHECK(record->failure_count_after_restart == 0);
  // At most one call fails on each connection.
  CHECK(record->failures.size() <= 8);
  for (const auto& failure : record->failures) {
    INFO(log_text(failure));
    CHECK(failure.code == errc::connection_lost);
  }
}

task<> query_once(postgres::pool& pool, postgres::error* failure) {
  co_await query_and_store_error(pool, "select 1", 10s, failure);
}

postgres::error query_error(const std::string& url) {
  libpq_fixture fixture{url, {.reconnect_window = 50ms}};
  postgres::error failure{};
  fixture.run(query_once(fixture.pool, &failure));
  for (const auto& line : fixture.log.close()) CHECK_THAT(line, !Catch::Matchers::ContainsSubstring("hunter2"));
  CHECK_THAT(failure.message, !Catch::Matchers::ContainsSubstring("hunter2"));
  return failure;
}

TEST_CASE("libpq: the errors of a wrong password and a missing database contain the reason and omit the password",
          "[postgres][libpq]") {
  const auto url = libpq_fixture::server().url_with_password("hunter2");
  const auto wrong_password = query_error(url);
  CHECK(wrong_password.code == errc::authentication_failed);
  CHECK(wrong_password.sqlstate == "28P01");
  CHECK(wrong_password.message == "password authentication failed for user \"ada\"");
  const auto missing = query_error(libpq_fixture::server().url() + "_missing");
  CHECK(missing.code == errc::connection_rejected);
  CHECK(missing.sqlstate == "3D000");
}

TEST_CASE("libpq: the error of an unreachable server is one line with the reason", "[postgres][libpq]") {
  const auto refused = query_error("postgresql://ada:hunter2@127.0.0.1:1/shop");
  CHECK(refused.code == errc::connect_failed);
  CHECK_THAT(refused.message, Catch::Matchers::ContainsSubstring("Connection refused"));
}

}  // namespace
}  // namespace cohort::test
