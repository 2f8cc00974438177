// SPDX-License-Identifier: BSL-1.0
#include <cohort/sqlite/database.hpp>

#include <boost/describe/class.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <stdexcept>
#include <tuple>

#include <cohort/telemetry/server_timing.hpp>
#include "tests/unit/runtime/task_fixtures.hpp"
#include "tests/unit/sqlite/database_fixture.hpp"

namespace cohort::test {
namespace {

using sqlite::errc;

struct user {
  std::int64_t id = 0;
  std::string name;
  std::optional<int> age;
  friend bool operator==(const user&, const user&) = default;
};
BOOST_DESCRIBE_STRUCT(user, (), (id, name, age))

TEST_CASE("sqlite: values of all types are stored and read unchanged", "[sqlite]") {
  database_fixture fixture;
  fixture.execute("CREATE TABLE everything (a, b, c, d, e, f)").value();
  const std::string text{"a\0b \xc3\xa9", 6};
  const sqlite::bytes data{std::string{"\0\xff", 2}};
  fixture.execute("INSERT INTO everything VALUES (?1, ?2, ?3, ?4, ?5, ?6)", INT64_MIN, 0.1, text, data, true, nullptr)
      .value();
  using row = std::tuple<std::int64_t, double, std::string, sqlite::bytes, bool, std::optional<int>>;
  const auto rows = fixture.query<row>("SELECT * FROM everything");
  REQUIRE(rows.value().size() == 1);
  CHECK(rows->front() == row{INT64_MIN, 0.1, text, data, true, std::nullopt});
  // Empty values are not null.
  fixture.execute("DELETE FROM everything").value();
  fixture.execute("INSERT INTO everything (a, b) VALUES (?1, ?2)", "", sqlite::bytes{}).value();
  CHECK(fixture.query<std::tuple<std::string, sqlite::bytes>>("SELECT a, b FROM everything").value() ==
        std::vector{std::tuple{std::string{}, sqlite::bytes{}}});
}

TEST_CASE("sqlite: a row is returned as a described struct", "[sqlite]") {
  database_fixture fixture;
  fixture.create();
  const auto inserted = fixture.execute("INSERT INTO users (name, age) VALUES ('Ada', 36), ('Alan', NULL)");
  CHECK(inserted.value().rows == 2);
  CHECK(inserted->last_insert_id == 2);
  CHECK(fixture.query<user>("SELECT id, name, age FROM users ORDER BY id").value() ==
        std::vector{user{1, "Ada", 36}, user{2, "Alan", std::nullopt}});
  CHECK(fixture.query<std::string>("SELECT name FROM users WHERE id = ?1", 3).value().empty());
}

TEST_CASE("sqlite: a value of another type is an error that names the column", "[sqlite]") {
  database_fixture fixture;
  const auto error_of = [](const auto& outcome) { return std::tuple{outcome.error().code, outcome.error().message}; };
  using expected = std::tuple<errc, std::string>;
  CHECK(error_of(fixture.query<int>("SELECT 'x' AS a")) ==
        expected{errc::type_mismatch, "column a: the value is not an integer"});
  CHECK(error_of(fixture.query<int>("SELECT 3000000000 AS a")) ==
        expected{errc::type_mismatch, "column a: 3000000000 is out of the range -2147483648 to 2147483647"});
  CHECK(error_of(fixture.query<bool>("SELECT 2 AS a")) ==
        expected{errc::type_mismatch, "column a: a boolean must be 0 or 1, but is 2"});
  CHECK(error_of(fixture.query<std::string>("SELECT NULL AS a")) ==
        expected{errc::unexpected_null, "column a: the value is null; read it as std::optional"});
  CHECK(error_of(fixture.query<std::tuple<int, int>>("SELECT 1")) ==
        expected{errc::no_such_column, "the number of columns is 1, but the row type has 2"});
}

TEST_CASE("sqlite: each violated constraint has a specific error", "[sqlite]") {
  database_fixture fixture;
  fixture.create();
  fixture.execute("INSERT INTO users VALUES (1, 'Ada', 36)").value();
  const auto code_of = [&](std::string text) { return fixture.execute(std::move(text)).error().code; };
  CHECK(code_of("INSERT INTO users VALUES (1, 'Alan', 41)") == errc::unique_violation);
  CHECK(code_of("INSERT INTO users VALUES (2, 'Ada', 41)") == errc::unique_violation);
  CHECK(code_of("INSERT INTO users VALUES (2, NULL, 41)") == errc::not_null_violation);
  CHECK(code_of("INSERT INTO users VALUES (2, 'Alan', -1)") == errc::check_violation);
  CHECK(code_of("INSERT INTO posts VALUES (1, 9)") == errc::foreign_key_violation);
  CHECK(log_text(fixture.execute("INSERT INTO users VALUES (2, 'Ada', 1)").error()) ==
        "a unique constraint is violated: UNIQUE constraint failed: users.name");
  CHECK(fixture.metric("constraint") == 6);
}

TEST_CASE("sqlite: an invalid statement is reported by one error with the reason", "[sqlite]") {
  database_fixture fixture;
  fixture.create();
  const auto text_of = [](const auto& outcome) {
    CHECK(outcome.error().code == errc::invalid_statement);
    return outcome.error().message;
  };
  CHECK(text_of(fixture.execute("INSRT INTO users")) == "near \"INSRT\": syntax error");
  CHECK(text_of(fixture.query<int>("SELECT 1 FROM absent")) == "no such table: absent");
  CHECK(text_of(fixture.query<int>("SELECT \"x\" FROM users")) == "no such column: x");
  CHECK(text_of(fixture.query<int>("SELECT ?1")) == "the number of parameters is 1, but the number of values is 0");
  CHECK(text_of(fixture.query<int>("SELECT 1; SELECT 2")) == "there is more than one statement; use execute_script");
  CHECK(text_of(fixture.query<int>(" -- nothing")) == "the statement is empty");
  CHECK(fixture.query<int>("SELECT 1; -- one").value() == std::vector{1});
  CHECK(fixture.metric("invalid") == 6);
}

TEST_CASE("sqlite: a read call cannot write", "[sqlite]") {
  database_fixture fixture;
  fixture.create();
  CHECK(fixture.query<int>("INSERT INTO users VALUES (1, 'Ada', 1) RETURNING id").error().code == errc::read_only);
  auto insert = [](sqlite::connection& connection) { return connection.execute("DELETE FROM users"); };
  CHECK(fixture.time.run(fixture.database.read(fixture.context(), std::move(insert))).error().code == errc::read_only);
}

TEST_CASE("sqlite: a result has a maximum number of rows", "[sqlite]") {
  database_fixture fixture{{.max_rows = 2}};
  CHECK(fixture.query<int>("VALUES (1), (2)").value().size() == 2);
  const auto failure = fixture.query<int>("VALUES (1), (2), (3)").error();
  CHECK(log_text(failure) == "the result has too many rows: more than 2 rows; use LIMIT");
}

TEST_CASE("sqlite: a transaction is committed if its function succeeds, and rolled back otherwise", "[sqlite]") {
  database_fixture fixture;
  fixture.create();
  const auto count = [&] { return fixture.query<int>("SELECT count(*) FROM users").value().front(); };
  SECTION("value") {
    auto add = [](sqlite::connection& connection) -> sqlite::result<std::int64_t> {
      const auto insert_result = connection.execute("INSERT INTO users (name) VALUES (?1)", "Ada");
      if (!insert_result) return insert_result.error();
      return insert_result->last_insert_id;
    };
    CHECK(fixture.write(std::move(add)).value() == 1);
    CHECK(count() == 1);
  }
  SECTION("error") {
    auto add_twice = [](sqlite::connection& connection) -> std::optional<sqlite::error> {
      for (int i = 0; i < 2; ++i) {
        const auto insert_result = connection.execute("INSERT INTO users (name) VALUES ('Ada')");
        if (!insert_result) return insert_result.error();
      }
      return std::nullopt;
    };
    CHECK(fixture.write(std::move(add_twice)).error().code == errc::unique_violation);
    CHECK(count() == 0);
  }
  SECTION("exception") {
    auto fail = [](sqlite::connection& connection) {
      connection.execute("INSERT INTO users (name) VALUES ('Ada')").value();
      throw std::runtime_error("stop");
    };
    CHECK_THROWS_WITH(fixture.write(std::move(fail)), Catch::Matchers::Equals("stop"));
    CHECK(count() == 0);
  }
  SECTION("a statement leaves a transaction open") {
    fixture.execute("BEGIN").value();
    fixture.execute("INSERT INTO users (name) VALUES ('Ada')").value();
    CHECK(count() == 1);
  }
}

TEST_CASE("sqlite: the queries of one read transaction read the same state", "[sqlite]") {
  database_fixture fixture;
  fixture.create();
  auto count_twice = [&](sqlite::connection& reader) {
    const auto count_before = reader.query_one<int>("SELECT count(*) FROM users").value();
    sqlite::connection writer{{.path = fixture.settings.path, .max_rows = 1}};
    sqlite::active_call call{writer, {}};
    CHECK(!call.open());
    CHECK(writer.execute("INSERT INTO users (name) VALUES ('Ada')").has_value());
    return std::pair{count_before, reader.query_one<int>("SELECT count(*) FROM users").value()};
  };
  const auto counts = fixture.time.run(fixture.database.read(fixture.context(), std::move(count_twice))).value();
  CHECK(counts == std::pair{std::optional{0}, std::optional{0}});
  CHECK(fixture.query<int>("SELECT count(*) FROM users").value() == std::vector{1});
}

TEST_CASE("sqlite: a full disk is a specific error, and the database stays usable", "[sqlite]") {
  database_fixture fixture;
  fixture.execute("CREATE TABLE data (value BLOB)").value();
  // SQLite reports a limit of pages as it reports ENOSPC: SQLITE_FULL.
  fixture.execute("PRAGMA max_page_count = 10").value();
  const auto large_result = fixture.execute("INSERT INTO data VALUES (?1)", sqlite::bytes{std::string(100'000, 'x')});
  CHECK(log_text(large_result.error()) == "the data could not be stored: database or disk is full");
  CHECK(fixture.execute("INSERT INTO data VALUES (?1)", sqlite::bytes{"small"}).has_value());
  CHECK(fixture.metric("disk_full") == 1);
}

TEST_CASE("sqlite: a failed call is logged with its request; a violated constraint is not", "[sqlite]") {
  database_fixture fixture;
  fixture.create();
  CHECK(fixture.execute("INSERT INTO users (name) VALUES (?1)", "Ada").has_value());
  CHECK(fixture.execute("INSERT INTO users (name) VALUES (?1)", "Ada").error().code == errc::unique_violation);
  CHECK(fixture.query<int>("SELECT age FROM people").error().code == errc::invalid_statement);
  const auto lines = fixture.captured.close();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].find(R"("level":"warn")") != std::string::npos);
  CHECK(lines[0].find(R"("msg":"sqlite: call failed")") != std::string::npos);
  CHECK(lines[0].find(R"("error":"the statement is invalid: no such table: people")") != std::string::npos);
  CHECK(lines[0].find(R"("access":"read","request_id":"test")") != std::string::npos);
}

TEST_CASE("sqlite: a file that cannot be opened is an error with its path", "[sqlite]") {
  database_fixture fixture;
  const auto message_of = [&](const std::string& path) {
    sqlite::database other_database{fixture.blocking, fixture.metrics, fixture.log(), {.path = path}};
    const auto failure = fixture.time.run(other_database.query<int>(fixture.context(), "SELECT 1")).error();
    CHECK(failure.code == errc::cannot_open);
    return failure.message;
  };
  CHECK(message_of("/nonexistent/x.db") == "unable to open database file (/nonexistent/x.db)");
  CHECK(message_of("") == R"(the path is "", but must be the path of a file)");
  CHECK(message_of(":memory:") == R"(the path is ":memory:", but must be the path of a file)");
  const auto text_file = fixture.directory.write("text", std::string(4096, 'x'));
  CHECK(message_of(text_file) == "file is not a database (" + text_file.string() + ")");
}

TEST_CASE("sqlite: prepared statements stay within their maximum number", "[sqlite]") {
  database_fixture fixture{{.max_cached_statements = 2}};
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 4; ++i) {
      CHECK(fixture.query<int>("SELECT " + std::to_string(i) + " + ?1", 1).value() == std::vector{i + 1});
    }
  }
}

TEST_CASE("sqlite: a call is added to the record of its request", "[sqlite][requests]") {
  database_fixture test;
  test.create();
  telemetry::request_record record;
  record.reset(test.time.now(), test.time.event_loop().wall_now());
  telemetry::server_timing timing;
  timing.recording().attach(record);
  auto context = test.context();
  context.timing = &timing;
  test.time.run(test.database.execute(context, "INSERT INTO users (name) VALUES (?)", "Ada"));
  REQUIRE(record.all_calls().size() == 1);
  CHECK(record.calls[0].kind == telemetry::call_kind::sqlite);
  CHECK(record.calls[0].name.view() == "sqlite");
  CHECK(record.calls[0].detail.view() == "write");
  CHECK(record.calls[0].outcome == "ok");
}

TEST_CASE("sqlite: the statements of a schema are one transaction, and an error throws an exception", "[sqlite]") {
  database_fixture fixture;
  const std::string schema = "CREATE TABLE IF NOT EXISTS a (x); CREATE TABLE IF NOT EXISTS b (x);";
  for (int i = 0; i < 2; ++i) fixture.time.run(fixture.database.create_schema(schema));
  CHECK(fixture.execute("INSERT INTO b VALUES (1)").has_value());
  CHECK_THROWS_WITH(
      fixture.time.run(fixture.database.create_schema("CREATE TABLE c (x); CREATE TABLE a (x);")),
      Catch::Matchers::ContainsSubstring("test.db") && Catch::Matchers::ContainsSubstring("a already exists"));
  CHECK_FALSE(fixture.execute("INSERT INTO c VALUES (1)").has_value());
}

}  // namespace
}  // namespace cohort::test
