// SPDX-License-Identifier: BSL-1.0
#include <boost/asio/this_coro.hpp>

#include <cohort/runtime/concurrency/with_deadline.hpp>
#include "tests/integration/postgres/libpq_fixture.hpp"

// Tests COPY with a real server.
namespace cohort::test {
namespace {

task<std::int64_t> count_rows(postgres::pool& pool, std::string table) {
  auto count_task = pool.query(libpq_fixture::in(10s), "select count(*) from " + table);
  const auto counted = co_await std::move(count_task);
  co_return counted.value()[0].get<std::int64_t>(0).value();
}

task<> copy_in_and_out(postgres::pool& pool) {
  const auto in = libpq_fixture::in(60s);
  static_cast<void>(co_await pool.query(in, "create table copied (n int, text text)"));
  auto writer = co_await pool.copy_in(in, "copied from stdin");
  CHECK(writer.error().code == errc::statement_failed);
  writer = co_await pool.copy_in(in, "copy copied from stdin");
  REQUIRE(writer.has_value());
  constexpr int count = 50'000;
  for (int n = 0; n < count; ++n) {
    // The second chunk starts within a row.
    REQUIRE((co_await writer->write(std::to_string(n) + "\t")).has_value());
    REQUIRE((co_await writer->write(postgres::copy_text("a\tb\\\n") + "\n")).has_value());
  }
  CHECK((co_await writer->finish()).value() == count);
  CHECK((co_await writer->write("1\tlate\n")).error().code == errc::closed);
  CHECK((co_await count_rows(pool, "copied where text = E'a\\tb\\\\\\n'")) == count);

  auto reader = co_await pool.copy_out(in, "copy (select * from copied order by n) to stdout");
  REQUIRE(reader.has_value());
  std::size_t line_count = 0, largest = 0;
  for (;;) {
    const auto part = co_await reader->next();
    REQUIRE(part.has_value());
    if (part->empty()) break;
    CHECK(part->back() == '\n');
    largest = std::max(largest, part->size());
    line_count += static_cast<std::size_t>(std::count(part->begin(), part->end(), '\n'));
  }
  CHECK(line_count == count);
  CHECK(largest < 65 * 1024);
  CHECK((co_await reader->next()).value().empty());
  CHECK(pool.connections().idle == 1);
  static_cast<void>(co_await pool.query(in, "drop table copied"));
}

TEST_CASE("libpq: COPY stores and returns many rows in chunks of bounded size, on one connection",
          "[postgres][libpq]") {
  libpq_fixture fixture;
  fixture.run(copy_in_and_out(fixture.pool));
}

task<> copy_with_errors(postgres::pool& pool) {
  const auto in = libpq_fixture::in(60s);
  static_cast<void>(co_await pool.query(in, "create table failing (n int primary key)"));
  {
    auto writer = co_await pool.copy_in(in, "copy failing from stdin");
    CHECK((co_await writer->write("1\nno number\n")).has_value());
    const auto stored = co_await writer->finish();
    CHECK(stored.error().code == errc::statement_failed);
    CHECK(stored.error().sqlstate == "22P02");
  }
  {
    // The writer is destroyed without `finish`, so no rows are stored.
    auto writer = co_await pool.copy_in(in, "copy failing from stdin");
    CHECK((co_await writer->write("1\n2\n")).has_value());
  }
  {
    auto reader = co_await pool.copy_out(in, "copy (select generate_series(1, 10000000)) to stdout");
    CHECK_FALSE((co_await reader->next()).value().empty());
  }
  CHECK((co_await pool.copy_in(in, "copy failing to stdout")).error().code == errc::unsupported);
  CHECK((co_await pool.copy_out(in, "select 1")).error().code == errc::unsupported);
  CHECK((co_await pool.copy_out(in, "copy no_such_table to stdout")).error().sqlstate == "42P01");
  CHECK((co_await pool.query(in, "copy failing to stdout")).error().code == errc::unsupported);
  CHECK((co_await count_rows(pool, "failing")) == 0);
  auto transaction = co_await pool.begin(in);
  auto writer = co_await transaction->copy_in("copy failing from stdin");
  CHECK((co_await writer->write("7\n")).has_value());
  CHECK((co_await writer->finish()).value() == 1);
  CHECK((co_await transaction->rollback()).has_value());
  CHECK((co_await count_rows(pool, "failing")) == 0);
  static_cast<void>(co_await pool.query(in, "drop table failing"));
}

TEST_CASE("libpq: a COPY that fails, is abandoned or has the wrong direction leaves the connections usable",
          "[postgres][libpq]") {
  libpq_fixture fixture{{.max_connections = 1}};
  fixture.run(copy_with_errors(fixture.pool));
}

task<> copy_until_deadline(postgres::pool& pool) {
  auto context = libpq_fixture::in(300ms);
  const auto start = loop::current().now();
  auto reader = co_await pool.copy_out(context, "copy (select pg_sleep(20)) to stdout");
  // The server may delay its first message, so either `copy_out` or `next` times out.
  auto code = errc::timeout;
  if (reader) {
    const auto part = co_await reader->next();
    code = part.error().code;
  } else {
    code = reader.error().code;
  }
  CHECK(code == errc::timeout);
  CHECK(loop::current().now() - start < 5s);
}

TEST_CASE("libpq: a COPY times out at its deadline", "[postgres][libpq]") {
  libpq_fixture fixture;
  fixture.run(copy_until_deadline(fixture.pool));
}

}  // namespace
}  // namespace cohort::test
