// SPDX-License-Identifier: BSL-1.0
#include "loadgen/terminal/page.hpp"

#include <catch2/catch_test_macros.hpp>
#include "tests/unit/loadgen/terminal/plain_output.hpp"

namespace cohort::loadgen::terminal {
namespace {

table fruit_table() {
  table rows{{{""}, {"count"}, {"price", table::alignment::right, 1}, {"note", table::alignment::left}}};
  rows.add({{"apples"}, {"1,000"}, {"2"}, {"sour"}});
  rows.add({{"gooseberries"}, {"7"}, {"0.5"}});
  return rows;
}

TEST_CASE("table: columns are as wide as their content, with numbers on the right", "[loadgen][terminal]") {
  CHECK(render_lines(fruit_table().lines(80, 2)) ==
        "                count  price  note\n"
        "  apples        1,000      2  sour\n"
        "  gooseberries      7    0.5\n");
}

TEST_CASE("table: a table that is too wide first has narrower gaps, then truncated names, and then fewer columns",
          "[loadgen][terminal]") {
  CHECK(render_lines(fruit_table().lines(29)) ==
        "             count price note\n"
        "apples       1,000     2 sour\n"
        "gooseberries     7   0.5\n");
  CHECK(render_lines(fruit_table().lines(26)) ==
        "          count price note\n"
        "apples    1,000     2 sour\n"
        "gooseber…     7   0.5\n");
  CHECK(render_lines(fruit_table().lines(20)) ==
        "          count note\n"
        "apples    1,000 sour\n"
        "gooseber…     7\n");
}

TEST_CASE("table: empty columns are omitted", "[loadgen][terminal]") {
  table rows{{{""}, {""}, {"used"}}};
  rows.add({{"a"}, {""}, {"1"}});
  CHECK(render_lines(rows.lines(80)) == "   used\na     1\n");
}

TEST_CASE("table: without titles there is no title line", "[loadgen][terminal]") {
  table rows{{{""}, {""}}};
  CHECK(rows.empty());
  rows.add({{"a"}, {"1"}});
  CHECK(render_lines(rows.lines(80)) == "a  1\n");
}

TEST_CASE("table: wide and unprintable characters keep the columns aligned", "[loadgen][terminal]") {
  table rows{{{""}, {"n"}}};
  rows.add({{"日本"}, {"1"}});
  rows.add({{"a\x1b"
             "b"},
            {"22"}});
  CHECK(render_lines(rows.lines(80)) == "       n\n日本   1\na�b   22\n");
}

TEST_CASE("page: headings are separated by empty lines", "[loadgen][terminal]") {
  page page{{false, 20}};
  page.heading("First").paragraph("A sentence that is long.").heading("Second").add(styled_line{{"  x"}});
  CHECK(std::move(page).text() == "First\n  A sentence that is\n  long.\n\nSecond\n  x\n");
}

}  // namespace
}  // namespace cohort::loadgen::terminal
