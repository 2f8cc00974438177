// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>

#include "tests/unit/postgres/pool_fixture.hpp"

// Tests COPY on virtual time with a scripted database.
namespace cohort {
namespace {

using namespace cohort::test;

task<std::string> export_rows(postgres::pool& pool, call_context context) {
  auto reader = co_await pool.copy_out(context, "copy users to stdout");
  if (!reader) co_return "not started";
  std::string exported_text;
  for (;;) {
    const auto part = co_await reader->next();
    if (!part) co_return std::string{postgres::error_class(part.error().code)};
    if (part->empty()) co_return exported_text;
    exported_text += *part;
  }
}

TEST_CASE("postgres copy: rows are streamed up to the end of the data", "[postgres][copy]") {
  pool_fixture test;
  test.replies["copy users to stdout"] = {.columns = {{"id", postgres::type::int8}, {"name", postgres::type::text}},
                                          .rows = {{"1", "Ada"}, {"2", std::nullopt}},
                                          .row_delay = 10ms};
  CHECK(test.time.run(export_rows(test.pool, test.in(1s))) == "1\tAda\n2\t\\N\n");
  CHECK(test.outcome_count("ok") == "1");
  CHECK(test.time.run(export_rows(test.pool, test.in(5ms))) == "timeout");
  CHECK(test.outcome_count("timeout") == "1");
}

task<std::uint64_t> import_rows(postgres::pool& pool, call_context context, bool should_finish) {
  auto writer = co_await pool.copy_in(context, "copy users from stdin");
  co_await writer->write("1\tAda\n2\t");
  co_await writer->write(postgres::copy_text("tab\tand\\\r\n") + "\n");
  if (!should_finish) co_return 0;
  const auto stored = co_await writer->finish();
  co_return stored.value();
}

TEST_CASE("postgres copy: rows are written in chunks and counted at the end", "[postgres][copy]") {
  pool_fixture test;
  test.replies["copy users from stdin"] = {};
  CHECK(test.time.run(import_rows(test.pool, test.in(1s), true)) == 2);
  CHECK(test.server->copied_data() == "1\tAda\n2\ttab\\tand\\\\\\r\\n\n");
  CHECK(test.outcome_count("ok") == "1");
}

TEST_CASE("postgres copy: a writer that is destroyed before finish stores no rows", "[postgres][copy]") {
  pool_fixture test;
  test.replies["copy users from stdin"] = {};
  test.time.run(import_rows(test.pool, test.in(1s), false));
  test.time.run_for(1s);
  CHECK(test.server->cancelled_statements() == 1);
  CHECK(test.outcome_count("cancelled") == "1");
}

}  // namespace
}  // namespace cohort
