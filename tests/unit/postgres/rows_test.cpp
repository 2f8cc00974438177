// SPDX-License-Identifier: BSL-1.0
#include <cohort/postgres/values/rows.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

namespace cohort::postgres {
namespace {

namespace pg = postgres;

rows make_single_row(column_list columns, const std::vector<std::optional<std::string>>& values) {
  rows rows{std::make_shared<const column_list>(std::move(columns))};
  for (const auto& value : values) rows.append_value(value ? std::optional<std::string_view>{*value} : std::nullopt);
  rows.end_row();
  return rows;
}

TEST_CASE("postgres::row: values are read by name and by position, as their types", "[postgres][rows]") {
  const auto row_set = make_single_row({{"id", pg::type::int8},
                                        {"name", pg::type::text},
                                        {"active", pg::type::boolean},
                                        {"price", pg::type::numeric},
                                        {"data", pg::type::bytea}},
                                       {"9007199254740993", "Zoë", "t", "12.50", "\\x00ff"});
  const auto row = row_set[0];
  CHECK(row.get<std::int64_t>("id").value() == 9007199254740993);
  CHECK(row.get<std::string>(1).value() == "Zoë");
  CHECK(row.get<std::string_view>("id").value() == "9007199254740993");
  CHECK(row.get<bool>("active").value());
  CHECK(row.get<double>("price").value() == 12.5);
  CHECK(row.get<bytes>("data").value().data == std::string("\0\xff", 2));
}

TEST_CASE("postgres::row: a null value is an error, unless it is read as an optional", "[postgres][rows]") {
  const auto row_set = make_single_row({{"age", pg::type::int4}}, {std::nullopt});
  CHECK(row_set[0].get<int>("age").error().code == errc::unexpected_null);
  CHECK_THAT(row_set[0].get<int>("age").error().message, Catch::Matchers::ContainsSubstring("\"age\""));
  CHECK(row_set[0].get<std::optional<int>>("age").value() == std::nullopt);
  CHECK(make_single_row({{"age", pg::type::int4}}, {"7"})[0].get<std::optional<int>>("age").value() == 7);
}

TEST_CASE("postgres::row: a mismatched type, a value out of range and an unknown column are errors",
          "[postgres][rows]") {
  const auto row_set = make_single_row({{"large", pg::type::int8}, {"name", pg::type::text}, {"data", pg::type::bytea}},
                                       {"300", "7", "\\x00"});
  CHECK(row_set[0].get<std::int8_t>("large").error().code == errc::type_mismatch);
  CHECK(row_set[0].get<unsigned char>("large").error().code == errc::type_mismatch);
  CHECK(row_set[0].get<int>("name").error().code == errc::type_mismatch);
  CHECK(row_set[0].get<std::string>("data").error().code == errc::type_mismatch);
  CHECK(row_set[0].get<int>("other").error().code == errc::no_such_column);
  CHECK(row_set[0].get<int>(3).error().code == errc::no_such_column);
  CHECK_THROWS_AS(row_set[0].get<int>("other").value(), std::runtime_error);
}

TEST_CASE("postgres::row: a time is read with any offset, and written in UTC", "[postgres][rows]") {
  using namespace std::chrono;
  struct example {
    std::string text;
    wall_time time;
  };
  const wall_time noon = sys_days{2026y / 6 / 1} + 12h;
  const auto row =
      GENERATE_COPY(example{"2026-06-01 12:00:00+00", noon}, example{"2026-06-01 12:00:00.5+00", noon + 500ms},
                    example{"2026-06-01 14:00:00.000001+02", noon + 1us}, example{"2026-06-01 08:30:00-03:30", noon},
                    example{"1969-12-31 23:59:59.999999+00", wall_time{-1us}});
  const auto row_set = make_single_row({{"at", pg::type::timestamptz}}, {row.text});
  CHECK(row_set[0].get<wall_time>("at").value() == row.time);
  CHECK(
      make_single_row({{"at", pg::type::timestamptz}}, {format_timestamp(row.time)})[0].get<wall_time>("at").value() ==
      row.time);
}

TEST_CASE("postgres::row: an invalid time, and a time out of range, are errors", "[postgres][rows]") {
  const auto* const text =
      GENERATE("infinity", "2026-02-30 12:00:00+00", "2026-06-01 12:00:00", "0044-03-15 12:00:00+00 BC",
               "10000-01-01 00:00:00+00", "2026-06-01 12:00:00.1234567+00", "2026-06-01 12:00:00+");
  CHECK(make_single_row({{"at", pg::type::timestamptz}}, {text})[0].get<wall_time>("at").error().code ==
        errc::type_mismatch);
}

TEST_CASE("postgres::parameter: values are written in PostgreSQL's text format", "[postgres][rows]") {
  CHECK(parameter{-5}.value() == "-5");
  CHECK(parameter{18446744073709551615U}.value() == "18446744073709551615");
  CHECK(parameter{0.1}.value() == "0.1");
  CHECK(parameter{true}.value() == "t");
  CHECK(parameter{"text"}.value() == "text");
  CHECK(parameter{nullptr}.is_null());
  CHECK(parameter{std::optional<int>{}}.is_null());
  CHECK(parameter{std::optional<int>{3}}.value() == "3");
  CHECK(parameter{bytes{"x"}}.is_binary());
}

}  // namespace
}  // namespace cohort::postgres
