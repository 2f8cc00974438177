// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>

#include "tests/unit/postgres/pool_fixture.hpp"

namespace cohort::test {
namespace {

using statement_list = std::vector<std::string>;
const std::string begin_statement = "begin isolation level read committed";

task<> commit_insert(pool_fixture* fixture) {
  auto transaction = co_await fixture->pool.begin(fixture->in(10s));
  REQUIRE(transaction.has_value());
  CHECK(pool_fixture::describe(co_await transaction->query("insert 1")) == "insert 1");
  CHECK((co_await transaction->commit()).has_value());
  // The connection is idle while the transaction object still exists.
  CHECK(fixture->pool.connections().idle == 1);
  CHECK((co_await transaction->query("select 2")).error().code == errc::closed);
}

TEST_CASE("postgres::transaction: the statements use one connection until the commit", "[postgres][transaction]") {
  pool_fixture fixture;
  fixture.time.run(commit_insert(&fixture));
  CHECK(fixture.server->statements() == statement_list{begin_statement, "insert 1", "commit"});
  CHECK(fixture.outcome_count("ok") == "1");
}

task<> begin_without_commit(pool_fixture* fixture) {
  auto transaction = co_await fixture->pool.begin(
      fixture->in(10s), {.isolation = postgres::isolation_level::serializable, .read_only = true});
  REQUIRE(transaction.has_value());
  static_cast<void>(co_await transaction->query("insert 1"));
}

TEST_CASE("postgres::transaction: without a commit, the transaction is rolled back before its connection is reused",
          "[postgres][transaction]") {
  pool_fixture fixture{{.max_connections = 1}};
  fixture.server->set_reset_delay(5ms);
  fixture.time.run(begin_without_commit(&fixture));
  CHECK(fixture.query("select 2") == "select 2");
  CHECK(fixture.server->statements() ==
        statement_list{"begin isolation level serializable read only", "insert 1", "rollback", "select 2"});
  CHECK(fixture.server->max_open_connections() == 1);
  CHECK(fixture.outcome_count("cancelled") == "1");
}

task<> commit_failed_transaction(pool_fixture* fixture) {
  auto transaction = co_await fixture->pool.begin(fixture->in(10s));
  REQUIRE(transaction.has_value());
  CHECK((co_await transaction->query("wrong")).error().sqlstate == "23505");
  CHECK((co_await transaction->query("select 1")).error().sqlstate == "25P02");
  CHECK((co_await transaction->commit()).error().code == errc::transaction_aborted);
  CHECK(fixture->pool.connections().idle == 1);
}

TEST_CASE("postgres::transaction: the commit of a failed transaction is an error", "[postgres][transaction]") {
  pool_fixture fixture;
  fixture.replies["wrong"] = scripted_reply::failed("23505", "duplicate key");
  fixture.time.run(commit_failed_transaction(&fixture));
  CHECK(fixture.outcome_count("statement_error") == "1");
}

task<> roll_back(pool_fixture* fixture) {
  auto transaction = co_await fixture->pool.begin(fixture->in(10s));
  REQUIRE(transaction.has_value());
  CHECK((co_await transaction->rollback()).has_value());
  CHECK(fixture->pool.connections().idle == 1);
}

TEST_CASE("postgres::transaction: a rollback returns the connection", "[postgres][transaction]") {
  pool_fixture fixture;
  fixture.time.run(roll_back(&fixture));
  CHECK(fixture.server->statements() == statement_list{begin_statement, "rollback"});
}

TEST_CASE("postgres::pool: a transaction that a statement opened is rolled back", "[postgres][transaction]") {
  pool_fixture fixture{{.max_connections = 1}};
  CHECK(fixture.query("begin").empty());
  CHECK(fixture.query("select 2") == "select 2");
  CHECK(fixture.server->statements() == statement_list{"begin", "rollback", "select 2"});
}

task<> exceed_statement_deadline(pool_fixture* fixture) {
  auto transaction = co_await fixture->pool.begin(fixture->in(100ms));
  REQUIRE(transaction.has_value());
  fixture->reply_delay = 1h;
  CHECK((co_await transaction->query("select 1")).error().code == errc::timeout);
  CHECK((co_await transaction->commit()).error().code == errc::invalid_parameter);
}

TEST_CASE("postgres::transaction: at the deadline the statement is cancelled and the transaction rolled back",
          "[postgres][transaction]") {
  pool_fixture fixture{{.max_connections = 1}};
  fixture.time.run(exceed_statement_deadline(&fixture));
  fixture.reply_delay = 1ms;
  CHECK(fixture.query("select 2") == "select 2");
  CHECK(fixture.server->statements() == statement_list{begin_statement, "select 1", "rollback", "select 2"});
}

scripted_reply numbered_rows(int count) {
  scripted_reply reply{.columns = {{"n", postgres::type::int4}}, .row_delay = 1ms};
  for (int i = 0; i < count; ++i) reply.rows.push_back({std::to_string(i)});
  return reply;
}

task<int> sum_stream(pool_fixture* fixture, std::size_t chunk_size, std::size_t* max_size) {
  auto stream = co_await fixture->pool.stream(fixture->in(10s), "select numbers");
  if (!stream) co_return -1;
  int sum = 0;
  for (;;) {
    const auto rows = co_await stream->next(chunk_size);
    if (!rows) co_return -2;
    if (rows->empty()) co_return sum;
    *max_size = std::max(*max_size, rows->size());
    for (const auto row : *rows) sum += row.get<int>("n").value();
  }
}

TEST_CASE("postgres::row_stream: returns all rows in chunks", "[postgres][stream]") {
  pool_fixture fixture{{.timeout = 5ms}};
  fixture.replies["select numbers"] = numbered_rows(100);
  std::size_t max_size = 0;
  // The stream takes longer than the timeout of a query.
  CHECK(fixture.time.run(sum_stream(&fixture, 30, &max_size)) == 4950);
  CHECK(max_size == 30);
  CHECK(fixture.outcome_count("ok") == "1");
  CHECK(fixture.query("select 1") == "select 1");
  CHECK(fixture.server->max_open_connections() == 1);
}

task<> read_first_chunk(pool_fixture* fixture) {
  auto stream = co_await fixture->pool.stream(fixture->in(10s), "select numbers");
  REQUIRE(stream.has_value());
  CHECK((co_await stream->next(10)).value().size() == 10);
}

TEST_CASE("postgres::row_stream: the destruction of a stream before its end cancels the statement",
          "[postgres][stream]") {
  pool_fixture fixture{{.max_connections = 1}};
  fixture.replies["select numbers"] = numbered_rows(100);
  fixture.time.run(read_first_chunk(&fixture));
  CHECK(fixture.query("select 1") == "select 1");
  CHECK(fixture.server->cancelled_statements() == 1);
}

}  // namespace
}  // namespace cohort::test
