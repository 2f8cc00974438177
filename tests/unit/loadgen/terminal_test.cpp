#include "loadgen/terminal.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace cohort::loadgen::terminal {
namespace {

constexpr text_style colourless{false, 80};

std::string text_of(const std::vector<line>& lines) {
  std::string text;
  for (const auto& one : lines) text += painted(one, colourless) + '\n';
  return text;
}

TEST_CASE("Nothing that a terminal obeys is printable") {
  struct row {
    std::string text;
    std::string clean;
  };
  const auto [text, clean] = GENERATE(values<row>({{"plain ASCII ~", "plain ASCII ~"},
                                                   {"größer ≥ 1 µs ✓", "größer ≥ 1 µs ✓"},
                                                   {"\x1b[31mred", "�[31mred"},
                                                   {"a\r\n\tb\x7f\b", "a���b��"},
                                                   {std::string("nul\0", 4), "nul�"},
                                                   {"\xc2\x9b"
                                                    "31m",
                                                    "�31m"},
                                                   {"\x9b", "�"},
                                                   {"cut off \xe2\x89", "cut off ��"},
                                                   {"\xc0\xaf overlong", "�� overlong"},
                                                   {"\xed\xa0\x80", "���"},
                                                   {"\xff\xfe!", "��!"},
                                                   {"txt\u202egpj.exe", "txt�gpj.exe"},
                                                   {"a\u2028b\u2066c", "a�b�c"}}));
  CHECK(printable(text) == clean);
  CHECK(printable(clean) == clean);
}

TEST_CASE("Width is counted in columns, not in bytes or characters") {
  CHECK(width_of("abc") == 3);
  CHECK(width_of("µs ≥") == 4);
  CHECK(width_of("日本") == 4);
  CHECK(width_of("🚀") == 2);
  CHECK(width_of("e\u0301") == 1);
  CHECK(width_of("\x1b") == 1);
  CHECK(width_of("") == 0);
}

TEST_CASE("What is too long ends in an ellipsis and takes no more than its room") {
  struct row {
    std::string text;
    std::size_t columns;
    std::string shorter;
  };
  const auto [text, columns, shorter] = GENERATE(values<row>({{"weather", 7, "weather"},
                                                              {"weather", 6, "weath…"},
                                                              {"weather", 1, "…"},
                                                              {"weather", 0, ""},
                                                              {"größer", 4, "grö…"},
                                                              {"日本語", 5, "日本…"},
                                                              {"日本語", 4, "日…"},
                                                              {"\x1b[2J", 3, "�[…"}}));
  CHECK(shortened(text, columns) == shorter);
}

TEST_CASE("A painted line has colours only if they are wanted, and the same text either way") {
  const line one{{"plain "},       {"good", paint::good}, {" "}, {"bad", paint::bad, true},
                 {"", paint::dim}, {"!", {}, true}};
  CHECK(painted(one, {false, 80}) == "plain good bad!");
  CHECK(painted(one, {true, 80}) == "plain \x1b[32mgood\x1b[0m \x1b[1;31mbad\x1b[0m\x1b[1m!\x1b[0m");
}

TEST_CASE("A painted line ends where the terminal does, and its colour with it") {
  const line one{{"1234"}, {"567", paint::warning}, {"8", paint::bad}};
  CHECK(painted(one, {true, 6}) == "1234\x1b[33m5…\x1b[0m");
  CHECK(painted(one, {false, 7}) == "1234567");
  CHECK(painted(one, {false, 0}).empty());
}

TEST_CASE("Text is broken at spaces, and where there are none") {
  CHECK(text_of(wrapped("one two three", 9, 2)) == "  one two\n  three\n");
  CHECK(text_of(wrapped("one two three", 8, 2)) == "  one\n  two\n  three\n");
  CHECK(text_of(wrapped("abcdefghij klm", 6)) == "abcdef\nghij\nklm\n");
  CHECK(text_of(wrapped("日本語", 4)) == "日本\n語\n");
  CHECK(text_of(wrapped("", 10)).empty());
  CHECK(text_of(wrapped("ab", 0, 2)) == "  a\n  b\n");
}

table fruit() {
  table made{{{""}, {"count"}, {"price", table::align::right, 1}, {"note", table::align::left}}};
  made.add({{"apples"}, {"1,000"}, {"2"}, {"sour"}});
  made.add({{"gooseberries"}, {"7"}, {"0.5"}});
  return made;
}

TEST_CASE("A table's columns are as wide as what is in them, figures at the right") {
  CHECK(text_of(fruit().lines(80, 2)) ==
        "                count  price  note\n"
        "  apples        1,000      2  sour\n"
        "  gooseberries      7    0.5\n");
}

TEST_CASE("A table that is too wide gets narrower gaps, then shorter names, then fewer columns") {
  CHECK(text_of(fruit().lines(29)) ==
        "             count price note\n"
        "apples       1,000     2 sour\n"
        "gooseberries     7   0.5\n");
  CHECK(text_of(fruit().lines(26)) ==
        "          count price note\n"
        "apples    1,000     2 sour\n"
        "gooseber…     7   0.5\n");
  CHECK(text_of(fruit().lines(20)) ==
        "          count note\n"
        "apples    1,000 sour\n"
        "gooseber…     7\n");
}

TEST_CASE("Columns of a table that have nothing in them are not there") {
  table made{{{""}, {""}, {"used"}}};
  made.add({{"a"}, {""}, {"1"}});
  CHECK(text_of(made.lines(80)) == "   used\na     1\n");
}

TEST_CASE("A table without titles has no line for them") {
  table made{{{""}, {""}}};
  CHECK(made.empty());
  made.add({{"a"}, {"1"}});
  CHECK(text_of(made.lines(80)) == "a  1\n");
}

TEST_CASE("Names that are wide or not printable leave a table in line") {
  table made{{{""}, {"n"}}};
  made.add({{"日本"}, {"1"}});
  made.add({{"a\x1b"
             "b"},
            {"22"}});
  CHECK(text_of(made.lines(80)) == "       n\n日本   1\na�b   22\n");
}

TEST_CASE("A page sets its headings apart") {
  page to{{false, 20}};
  to.heading("First").sentence("A sentence that is long.").heading("Second").add(line{{"  x"}});
  CHECK(std::move(to).text() == "First\n  A sentence that is\n  long.\n\nSecond\n  x\n");
}

}  // namespace
}  // namespace cohort::loadgen::terminal
