// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <cohort/runtime/concurrency/race.hpp>
#include <cohort/runtime/concurrency/task_group.hpp>
#include "tests/unit/postgres/pool_fixture.hpp"
#include "tests/unit/runtime/task_fixtures.hpp"

namespace cohort::test {
namespace {

/// Runs `count` concurrent queries, and returns the number of occurrences of each outcome.
task<> count_outcome(pool_fixture* fixture, duration left, std::map<std::string, int>* outcomes) {
  ++(*outcomes)[co_await fixture->query_task("select 1", left)];
}
task<> run_concurrent_queries(pool_fixture* fixture, int count, duration left, std::map<std::string, int>* outcomes) {
  task_group calls{[](std::exception_ptr failure) { std::rethrow_exception(failure); }};
  for (int i = 0; i < count; ++i) calls.spawn(count_outcome(fixture, left, outcomes));
  co_await calls.join();
}
std::map<std::string, int> run_concurrent_queries(pool_fixture& fixture, int count, duration left) {
  std::map<std::string, int> outcomes;
  fixture.time.run(run_concurrent_queries(&fixture, count, left, &outcomes));
  return outcomes;
}
using outcome_map = std::map<std::string, int>;

TEST_CASE("postgres::pool: a query returns its rows, and its connection is reused", "[postgres][pool]") {
  pool_fixture fixture;
  CHECK(fixture.query("select 1") == "select 1");
  CHECK(fixture.query("select 2") == "select 2");
  CHECK(fixture.server->max_open_connections() == 1);
  CHECK(fixture.outcome_count("ok") == "2");
  CHECK(fixture.metric("cohort_postgres_connections{upstream=\"database\",state=\"idle\"}") == "1");
  CHECK(fixture.metric("cohort_postgres_in_flight{upstream=\"database\"}") == "0");
}

TEST_CASE("postgres::pool: the number of connections is bounded, and additional calls wait", "[postgres][pool]") {
  pool_fixture fixture{{.max_connections = 3}};
  const auto start = fixture.time.now();
  CHECK(run_concurrent_queries(fixture, 9, 10s) == outcome_map{{"select 1", 9}});
  CHECK(fixture.server->max_open_connections() == 3);
  const auto elapsed = fixture.time.now() - start;
  CHECK(elapsed >= 3ms);
  CHECK(elapsed < 4ms);
  CHECK(fixture.metric("cohort_postgres_wait_duration_seconds_count{upstream=\"database\"}") == "6");
}

TEST_CASE("postgres::pool: a call fails immediately if the queue is full", "[postgres][pool]") {
  pool_fixture fixture{{.max_connections = 1, .max_waiters = 2}};
  CHECK(run_concurrent_queries(fixture, 5, 10s) == outcome_map{{"select 1", 3}, {"shed", 2}});
  CHECK(fixture.outcome_count("shed") == "2");
}

TEST_CASE("postgres::pool: the wait for a connection counts against the deadline", "[postgres][pool]") {
  pool_fixture fixture{{.max_connections = 1, .reserve = 0ms}};
  fixture.reply_delay = 100ms;
  const auto start = fixture.time.now();
  // The third query would start after 200 ms, which is later than its deadline.
  CHECK(run_concurrent_queries(fixture, 3, 150ms) == outcome_map{{"select 1", 1}, {"timeout", 2}});
  CHECK(fixture.time.now() - start < 151ms);
  CHECK(fixture.server->statements().size() == 2);
}

TEST_CASE("postgres::pool: at the deadline the statement is cancelled, and its connection is reused",
          "[postgres][pool]") {
  pool_fixture fixture{{.max_connections = 1, .reserve = 10ms}};
  fixture.reply_delay = 1h;
  const auto start = fixture.time.now();
  CHECK(fixture.query("select pg_sleep(3600)", 300ms) == "timeout");
  CHECK(fixture.time.now() - start >= 290ms);
  CHECK(fixture.time.now() - start < 291ms);
  fixture.reply_delay = 1ms;
  CHECK(fixture.query("select 2") == "select 2");
  CHECK(fixture.server->cancelled_statements() == 1);
  CHECK(fixture.server->max_open_connections() == 1);
  CHECK(fixture.metric("cohort_postgres_resets_total{upstream=\"database\",result=\"reused\"}") == "1");
}

TEST_CASE("postgres::pool: the pool's timeout limits a call whose caller has more time", "[postgres][pool]") {
  pool_fixture fixture{{.timeout = 50ms}};
  fixture.reply_delay = 1h;
  const auto start = fixture.time.now();
  CHECK(fixture.query("select 1", 10s) == "timeout");
  CHECK(fixture.time.now() - start < 51ms);
}

TEST_CASE("postgres::pool: a connection that cannot be reset is closed", "[postgres][pool]") {
  pool_fixture fixture{{.max_connections = 1, .reset_timeout = 100ms}};
  fixture.server->set_reset_delay(1h);
  fixture.reply_delay = 1h;
  CHECK(fixture.query("select 1", 300ms) == "timeout");
  fixture.reply_delay = 1ms;
  CHECK(fixture.query("select 2", 300ms) == "select 2");
  CHECK(fixture.metric("cohort_postgres_resets_total{upstream=\"database\",result=\"closed\"}") == "1");
  CHECK(fixture.server->open_connections() == 1);
}

task<> discard(task<std::string> work) { co_await std::move(work); }
task<> cancel_query(pool_fixture* fixture) { co_await race(discard(fixture->query_task("select 1")), sleep_task(5ms)); }

TEST_CASE("postgres::pool: a cancelled caller cancels the statement", "[postgres][pool]") {
  pool_fixture fixture{{.max_connections = 1}};
  fixture.reply_delay = 1h;
  fixture.time.run(cancel_query(&fixture));
  fixture.reply_delay = 1ms;
  CHECK(fixture.query("select 2") == "select 2");
  CHECK(fixture.server->cancelled_statements() == 1);
  CHECK(fixture.outcome_count("cancelled") == "1");
}

TEST_CASE("postgres::pool: a connection that the server closed while idle is replaced before it is used",
          "[postgres][pool]") {
  pool_fixture fixture;
  CHECK(run_concurrent_queries(fixture, 4, 10s) == outcome_map{{"select 1", 4}});
  REQUIRE(fixture.pool.settings().max_connections >= 4);
  fixture.server->drop_connections();
  CHECK(run_concurrent_queries(fixture, 4, 10s) == outcome_map{{"select 1", 4}});
}

task<> stop_server(pool_fixture* fixture, duration at, duration outage) {
  co_await sleep_for(at);
  fixture->server->stop();
  co_await sleep_for(outage);
  fixture->server->start();
}
task<> query_repeatedly(pool_fixture* fixture, std::map<std::string, int>* outcomes, int count) {
  for (int i = 0; i < count; ++i) {
    ++(*outcomes)[co_await fixture->query_task("select 1")];
    co_await sleep_for(1ms);
  }
}
task<> restart_under_load(pool_fixture* fixture, std::map<std::string, int>* outcomes) {
  task_group calls{[](std::exception_ptr failure) { std::rethrow_exception(failure); }};
  for (int i = 0; i < 10; ++i) calls.spawn(query_repeatedly(fixture, outcomes, 50));
  calls.spawn(stop_server(fixture, 20500us, 2s));
  co_await calls.join();
}

TEST_CASE("postgres::pool: a restart of the server fails only the calls in flight", "[postgres][pool]") {
  pool_fixture fixture;
  std::map<std::string, int> outcomes;
  fixture.time.run(restart_under_load(&fixture, &outcomes));
  const auto lost = outcomes["reset"];
  CHECK(lost > 0);
  CHECK(lost <= 10);
  CHECK(outcomes == outcome_map{{"select 1", 500 - lost}, {"reset", lost}});
}

TEST_CASE("postgres::pool: calls to an unavailable server fail, and fail immediately after the reconnect window",
          "[postgres][pool]") {
  pool_fixture fixture{{.reconnect_window = 1s}};
  fixture.server->stop();
  const auto start = fixture.time.now();
  CHECK(fixture.query("select 1") == "connect");
  CHECK(fixture.time.now() - start <= 1s);
  fixture.time.run_for(1s);
  const auto later = fixture.time.now();
  CHECK(fixture.query("select 1") == "connect");
  CHECK(fixture.time.now() == later);
  fixture.server->start();
  CHECK(fixture.query("select 1") == "select 1");
  std::string log;
  for (const auto& line : fixture.captured.close()) log += line + "\n";
  CHECK(log.find("no connection to the server") == log.rfind("no connection to the server"));
  CHECK_THAT(log, Catch::Matchers::ContainsSubstring("Connection refused") &&
                      Catch::Matchers::ContainsSubstring("reconnected to the server"));
}

TEST_CASE("postgres::pool: a call to a slow server times out", "[postgres][pool]") {
  pool_fixture fixture{{.connect_timeout = 100ms}};
  fixture.server->set_connect_delay(1h);
  const auto start = fixture.time.now();
  CHECK(fixture.query("select 1", 250ms) == "timeout");
  CHECK(fixture.time.now() - start <= 250ms);
  CHECK(fixture.server->statements().empty());
}

TEST_CASE("postgres::pool: idle connections are closed after the idle timeout", "[postgres][pool]") {
  pool_fixture fixture{{.idle_timeout = 1min}};
  CHECK(fixture.query("select 1") == "select 1");
  fixture.time.run_for(59s);
  CHECK(fixture.server->open_connections() == 1);
  fixture.time.run_for(2s);
  CHECK(fixture.server->open_connections() == 0);
  CHECK(fixture.time.event_loop().timers().armed_count() == 0);
}

TEST_CASE("postgres::pool: a closed pool rejects calls and has no connections", "[postgres][pool]") {
  pool_fixture fixture;
  CHECK(fixture.query("select 1") == "select 1");
  fixture.time.run(fixture.pool.close());
  CHECK(fixture.server->open_connections() == 0);
  CHECK(fixture.query("select 1") == "cancelled");
}

TEST_CASE("postgres::pool: a log line of a failed statement contains no value of a parameter", "[postgres][pool]") {
  pool_fixture fixture;
  fixture.replies["insert into t values ($1)"] =
      scripted_reply::failed("22P02", "invalid input syntax for type integer: \"secret\"");
  fixture.replies["selec 1"] = scripted_reply::failed("42601", "syntax error at or near \"selec\"");
  CHECK(fixture.query("insert into t values ($1)") == "statement_error");
  CHECK(fixture.query("selec 1") == "statement_error");
  std::string log;
  for (const auto& line : fixture.captured.close()) log += line + "\n";
  CHECK_THAT(log, Catch::Matchers::ContainsSubstring("22P02") && !Catch::Matchers::ContainsSubstring("secret") &&
                      Catch::Matchers::ContainsSubstring("insert into t values ($1)") &&
                      Catch::Matchers::ContainsSubstring("SQLSTATE 42601: syntax error at or near") &&
                      Catch::Matchers::ContainsSubstring("\"request_id\":\"r1\""));
}

task<postgres::error> query_with(pool_fixture* fixture, postgres::parameter value) {
  const auto fetched = co_await fixture->pool.query(fixture->in(1s), "select $1", std::move(value));
  co_return fetched ? postgres::error{} : fetched.error();
}

TEST_CASE("postgres::pool: a NUL byte is rejected in a text parameter, and accepted in a bytes parameter",
          "[postgres][pool]") {
  pool_fixture fixture;
  const auto failure = fixture.time.run(query_with(&fixture, std::string{"a\0b", 3}));
  CHECK(failure.code == errc::invalid_parameter);
  CHECK_THAT(failure.message, Catch::Matchers::ContainsSubstring("$1"));
  CHECK(fixture.server->statements().empty());
  CHECK(fixture.time.run(query_with(&fixture, postgres::bytes{std::string{"a\0b", 3}})).code == errc{});
}

TEST_CASE("postgres::pool: a result above the size limit is an error, and the connection of the query is reused",
          "[postgres][pool]") {
  pool_fixture fixture{{.max_connections = 1, .max_result_bytes = 10}};
  scripted_reply large{.columns = {{"value", postgres::type::text}}};
  large.rows.assign(100, {std::string(5, 'x')});
  fixture.replies["select large"] = large;
  CHECK(fixture.query("select large") == "too_big");
  CHECK(fixture.query("select 1") == "select 1");
  CHECK(fixture.server->cancelled_statements() == 1);
}

}  // namespace
}  // namespace cohort::test
