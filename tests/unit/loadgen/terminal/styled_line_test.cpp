// SPDX-License-Identifier: BSL-1.0
#include "loadgen/terminal/styled_line.hpp"

#include <catch2/catch_test_macros.hpp>
#include "tests/unit/loadgen/terminal/plain_output.hpp"

namespace cohort::loadgen::terminal {
namespace {

TEST_CASE("render: colors are optional and do not change the text", "[loadgen][terminal]") {
  const styled_line line{
      {"plain "},     {"good", text_style::success}, {" "}, {"bad", text_style::error, true}, {"", text_style::dim},
      {"!", {}, true}};
  CHECK(render(line, {false, 80}) == "plain good bad!");
  CHECK(render(line, {true, 80}) == "plain \x1b[32mgood\x1b[0m \x1b[1;31mbad\x1b[0m\x1b[1m!\x1b[0m");
}

TEST_CASE("render: a line is truncated at the width of the terminal, and its color ends at that column",
          "[loadgen][terminal]") {
  const styled_line line{{"1234"}, {"567", text_style::warning}, {"8", text_style::error}};
  CHECK(render(line, {true, 6}) == "1234\x1b[33m5…\x1b[0m");
  CHECK(render(line, {false, 7}) == "1234567");
  CHECK(render(line, {false, 0}).empty());
}

TEST_CASE("wrap: text is broken at spaces, and within long words", "[loadgen][terminal]") {
  CHECK(render_lines(wrap("one two three", 9, 2)) == "  one two\n  three\n");
  CHECK(render_lines(wrap("one two three", 8, 2)) == "  one\n  two\n  three\n");
  CHECK(render_lines(wrap("abcdefghij klm", 6)) == "abcdef\nghij\nklm\n");
  CHECK(render_lines(wrap("日本語", 4)) == "日本\n語\n");
  CHECK(render_lines(wrap("", 10)).empty());
  CHECK(render_lines(wrap("ab", 0, 2)) == "  a\n  b\n");
}

}  // namespace
}  // namespace cohort::loadgen::terminal
