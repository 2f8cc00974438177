// SPDX-License-Identifier: BSL-1.0
#include <catch2/matchers/catch_matchers_string.hpp>
#include <limits>

#include "tests/integration/postgres/libpq_fixture.hpp"

namespace cohort::test {
namespace {

using postgres::bytes;

task<> round_trip_values(postgres::pool& pool) {
  const auto large = std::numeric_limits<std::int64_t>::min();
  const std::string text = "Zoë 'quoted' \\ \"\n";
  const bytes data{std::string("\0\xff'\\", 4)};
  const wall_time time{std::chrono::sys_days{std::chrono::year{2026} / 6 / 1} + 12h + 123456us};
  const auto fetched = co_await pool.query(
      libpq_fixture::in(10s),
      "select $1::int8 as large, $2::text as text, $3::bytea as data, $4::timestamptz as time, $5::bool as flag, "
      "$6::float8 as number, $7::int4 as nothing, $8::numeric(10,2) as price, array[1,2] as list",
      large, text, data, time, true, 0.1, nullptr, "12.5");
  REQUIRE(fetched.has_value());
  REQUIRE(fetched->size() == 1);
  CHECK(fetched->affected_rows() == 1);
  const auto row = (*fetched)[0];
  CHECK(row.get<std::int64_t>("large").value() == large);
  CHECK(row.get<std::string>("text").value() == text);
  CHECK(row.get<bytes>("data").value() == data);
  CHECK(row.get<wall_time>("time").value() == time);
  CHECK(row.get<bool>("flag").value());
  CHECK(row.get<double>("number").value() == 0.1);
  CHECK(row.get<std::optional<int>>("nothing").value() == std::nullopt);
  CHECK(row.get<int>("nothing").error().code == errc::unexpected_null);
  CHECK(row.get<int>("large").error().code == errc::type_mismatch);
  CHECK(row.get<double>("price").value() == 12.5);
  CHECK(row.get<std::string>("price").value() == "12.50");
  CHECK(row.get<std::string>("list").value() == "{1,2}");
}

TEST_CASE("libpq: values of all types are sent and received unchanged", "[postgres][libpq]") {
  libpq_fixture fixture;
  fixture.run(round_trip_values(fixture.pool));
}

task<> change_rows(postgres::pool& pool) {
  const auto in = libpq_fixture::in(10s);
  CHECK((co_await pool.query(in, "create table counted (n int primary key)")).has_value());
  const auto inserted = co_await pool.query(in, "insert into counted select generate_series(1, 5)");
  CHECK(inserted.value().affected_rows() == 5);
  CHECK(inserted.value().command() == "INSERT");
  const auto none = co_await pool.query(in, "select n from counted where n > $1", 100);
  CHECK(none.value().empty());
  CHECK(none.value().columns().at(0).name == "n");
  const auto duplicate = co_await pool.query(in, "insert into counted values ($1)", 3);
  CHECK(duplicate.error().code == errc::statement_failed);
  CHECK(duplicate.error().sqlstate == "23505");
  CHECK(duplicate.error().constraint == "counted_pkey");
  CHECK((co_await pool.query(in, "update counted set n = n + 10")).value().affected_rows() == 5);
  CHECK((co_await pool.query(in, "drop table counted")).has_value());
}

TEST_CASE("libpq: a statement reports the number of changed rows, or the violated constraint", "[postgres][libpq]") {
  libpq_fixture fixture;
  fixture.run(change_rows(fixture.pool));
}

task<> run_invalid_statements(postgres::pool& pool) {
  const auto in = libpq_fixture::in(10s);
  const auto syntax = co_await pool.query(in, "selec 1");
  CHECK(syntax.error().sqlstate == "42601");
  CHECK_THAT(syntax.error().message, Catch::Matchers::ContainsSubstring("selec"));
  CHECK((co_await pool.query(in, "select * from missing")).error().sqlstate == "42P01");
  CHECK((co_await pool.query(in, "select $1::int", "secret")).error().sqlstate == "22P02");
  CHECK((co_await pool.query(in, "select $1::int")).error().sqlstate == "08P01");
  CHECK((co_await pool.query(in, "copy (select 1) to stdout")).error().code == errc::unsupported);
  CHECK((co_await pool.query(in, "select 1; select 2")).error().sqlstate == "42601");
  // The pool still works after all invalid statements.
  CHECK((co_await pool.query(in, "select 1")).value().size() == 1);
}

TEST_CASE("libpq: each invalid statement is an error with its SQLSTATE, and no value is logged", "[postgres][libpq]") {
  libpq_fixture fixture;
  fixture.run(run_invalid_statements(fixture.pool));
  std::string log;
  for (const auto& line : fixture.log.close()) log += line + "\n";
  CHECK_THAT(log, Catch::Matchers::ContainsSubstring("SQLSTATE 42601: syntax error at or near") &&
                      Catch::Matchers::ContainsSubstring("SQLSTATE 22P02") &&
                      !Catch::Matchers::ContainsSubstring("secret"));
}

task<> run_transactions(postgres::pool& pool) {
  const auto in = libpq_fixture::in(10s);
  CHECK((co_await pool.query(in, "create table entries (name text)")).has_value());
  {
    auto transaction = co_await pool.begin(in);
    CHECK((co_await transaction->query("insert into entries values ('lost')")).has_value());
  }
  {
    auto transaction = co_await pool.begin(in, {.isolation = postgres::isolation_level::serializable});
    CHECK((co_await transaction->query("insert into entries values ('kept')")).has_value());
    CHECK((co_await transaction->commit()).has_value());
  }
  {
    auto transaction = co_await pool.begin(in);
    CHECK((co_await transaction->query("insert into entries values ('failed')")).has_value());
    CHECK((co_await transaction->query("select 1 / 0")).error().sqlstate == "22012");
    CHECK((co_await transaction->commit()).error().code == errc::transaction_aborted);
  }
  {
    auto transaction = co_await pool.begin(in, {.read_only = true});
    CHECK((co_await transaction->query("insert into entries values ('read only')")).error().sqlstate == "25006");
  }
  const auto kept = co_await pool.query(in, "select string_agg(name, ',') from entries");
  CHECK(kept.value()[0].get<std::string>(0).value() == "kept");
  CHECK((co_await pool.query(in, "drop table entries")).has_value());
  CHECK(pool.connections().open == 1);
}

TEST_CASE("libpq: a transaction is committed, or rolled back when it is destroyed", "[postgres][libpq]") {
  libpq_fixture fixture{{.max_connections = 1}};
  fixture.run(run_transactions(fixture.pool));
}

task<> stream_rows(postgres::pool& pool) {
  const auto in = libpq_fixture::in(30s);
  auto stream = co_await pool.stream(in, "select n, repeat('x', 1000) from generate_series(1, $1::int) n", 50000);
  REQUIRE(stream.has_value());
  std::int64_t sum = 0;
  std::size_t max_bytes = 0;
  for (;;) {
    const auto part = co_await stream->next();
    REQUIRE(part.has_value());
    if (part->empty()) break;
    max_bytes = std::max(max_bytes, part->bytes());
    for (const auto row : *part) sum += row.get<int>("n").value();
  }
  CHECK(sum == 50000LL * 50001 / 2);
  CHECK(max_bytes < 70000);
  CHECK((co_await pool.query(in, "select repeat('x', 1000) from generate_series(1, 100000)")).error().code ==
        errc::result_too_large);
  CHECK((co_await pool.query(in, "select 1")).has_value());
}

TEST_CASE("libpq: rows are streamed in chunks of bounded size, and a large result of a query is an error",
          "[postgres][libpq]") {
  libpq_fixture fixture{{.max_connections = 1, .max_result_bytes = 1 << 20}};
  fixture.run(stream_rows(fixture.pool));
}

task<int> count_prepared_statements(postgres::pool& pool) {
  const auto counted = co_await pool.query(libpq_fixture::in(10s), "select count(*) from pg_prepared_statements");
  co_return counted.value()[0].get<int>(0).value();
}
task<> prepare_statements(postgres::pool& pool) {
  const auto in = libpq_fixture::in(10s);
  for (int i = 0; i < 3; ++i) CHECK((co_await pool.query(in, "select 1")).has_value());
  CHECK(co_await count_prepared_statements(pool) == 2);
  for (int i = 0; i < 5; ++i) CHECK((co_await pool.query(in, "select " + std::to_string(i))).has_value());
  CHECK(co_await count_prepared_statements(pool) == 3);
  // The server discards the prepared statements, and the type of a result changes.
  CHECK((co_await pool.query(in, "create table altered (n int)")).has_value());
  CHECK((co_await pool.query(in, "select * from altered")).value().columns().size() == 1);
  CHECK((co_await pool.query(in, "alter table altered add m int")).has_value());
  CHECK((co_await pool.query(in, "select * from altered")).value().columns().size() == 2);
  CHECK((co_await pool.query(in, "drop table altered")).has_value());
  CHECK((co_await pool.query(in, "deallocate all")).has_value());
  CHECK((co_await pool.query(in, "drop table if exists altered")).has_value());
}

TEST_CASE("libpq: a statement is prepared once, and again after the server has discarded it", "[postgres][libpq]") {
  libpq_fixture fixture{{.max_connections = 1}, {.max_prepared_statements = 3}};
  fixture.run(prepare_statements(fixture.pool));
}

}  // namespace
}  // namespace cohort::test
