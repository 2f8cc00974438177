// SPDX-License-Identifier: BSL-1.0
#include "loadgen/terminal/unicode_text.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace cohort::loadgen::terminal {
namespace {

TEST_CASE("sanitize: control characters, bidirectional marks and invalid UTF-8 are replaced", "[loadgen][terminal]") {
  struct example {
    std::string text;
    std::string sanitized;
  };
  const auto [text, sanitized] = GENERATE(values<example>({{"plain ASCII ~", "plain ASCII ~"},
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
  CHECK(sanitize(text) == sanitized);
  CHECK(sanitize(sanitized) == sanitized);
}

TEST_CASE("display width: counts columns, not bytes or characters", "[loadgen][terminal]") {
  CHECK(display_width("abc") == 3);
  CHECK(display_width("µs ≥") == 4);
  CHECK(display_width("日本") == 4);
  CHECK(display_width("🚀") == 2);
  CHECK(display_width("e\u0301") == 1);
  CHECK(display_width("한국어") == 6);
  CHECK(display_width("ｆｕｌｌ") == 8);
  CHECK(display_width("a\u200db") == 2);
  CHECK(display_width("नि") == 1);
  CHECK(display_width("\x1b") == 1);
  CHECK(display_width("") == 0);
}

TEST_CASE("truncate: long text ends in an ellipsis and fits the columns", "[loadgen][terminal]") {
  struct example {
    std::string text;
    std::size_t columns;
    std::string truncated;
  };
  const auto [text, columns, truncated] = GENERATE(values<example>({{"weather", 7, "weather"},
                                                                    {"weather", 6, "weath…"},
                                                                    {"weather", 1, "…"},
                                                                    {"weather", 0, ""},
                                                                    {"größer", 4, "grö…"},
                                                                    {"日本語", 5, "日本…"},
                                                                    {"日本語", 4, "日…"},
                                                                    {"\x1b[2J", 3, "�[…"}}));
  CHECK(truncate(text, columns) == truncated);
}

}  // namespace
}  // namespace cohort::loadgen::terminal
