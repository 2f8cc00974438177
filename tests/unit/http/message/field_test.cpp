// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/field.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>
#include <vector>

namespace cohort::http {
namespace {

TEST_CASE("fields: list elements are returned one by one, without surrounding whitespace", "[http][message]") {
  std::string_view list = " keep-alive,\tCLOSE ,x;q=1,, ";
  std::vector<std::string_view> elements;
  while (!list.empty()) elements.push_back(next_list_element(list));
  CHECK(elements == std::vector<std::string_view>{"keep-alive", "CLOSE", "x;q=1", "", ""});
}

TEST_CASE("fields: names are compared ignoring the case of ASCII letters", "[http][message]") {
  CHECK(iequals("Content-LENGTH", "content-length"));
  CHECK_FALSE(iequals("Content-Length", "Content-Lengt"));
  CHECK_FALSE(iequals("a", "ab"));
  CHECK_FALSE(iequals("\xC4", "\xE4"));
  CHECK_FALSE(iequals("@", "`"));
}

TEST_CASE("fields: all characters of long names are compared", "[http][message]") {
  const auto lower = [](int c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; };
  std::size_t mismatch_count = 0;
  for (const std::size_t size : {8U, 9U, 19U}) {
    for (std::size_t at = 0; at < size; ++at) {
      std::string a(size, 'x');
      std::string b(size, 'X');
      for (int x = 0; x < 256; ++x) {
        for (int y = 0; y < 256; ++y) {
          a[at] = static_cast<char>(x);
          b[at] = static_cast<char>(y);
          mismatch_count += iequals(a, b) != (lower(x) == lower(y)) ? 1 : 0;
        }
      }
    }
  }
  CHECK(mismatch_count == 0);
}

TEST_CASE("fields: a token has at least one character and no separator, control or non-ASCII character",
          "[http][message]") {
  for (const auto* token : {"a", "X-Request-Id", "!#$%&'*+-.^_`|~09azAZ"}) {
    CAPTURE(token);
    CHECK(is_token(token));
  }
  for (const auto* text : {"", "a b", "a:", "a\t", "a\x7f", "\xC3\xA4", "(a)", "a,b", "a/b", "\"a\"", "a\r\n"}) {
    CAPTURE(text);
    CHECK_FALSE(is_token(text));
  }
}

TEST_CASE("fields: a field value has no control character except tab", "[http][message]") {
  for (int byte = 0; byte < 256; ++byte) {
    CAPTURE(byte);
    const bool is_valid = byte == '\t' || (byte >= ' ' && byte != 0x7F);
    CHECK(is_field_value(std::string{"a"} + static_cast<char>(byte) + "b") == is_valid);
    // The implementation examines long values word by word.
    std::size_t matching_count = 0;
    for (std::size_t at = 0; at < 19; ++at) {
      std::string text(19, 'a');
      text[at] = static_cast<char>(byte);
      matching_count += is_field_value(text) == is_valid ? 1 : 0;
    }
    CHECK(matching_count == 19);
  }
}

TEST_CASE("fields: the size of a value is the position of its first control character except tab", "[http][message]") {
  for (std::size_t length = 0; length < 40; ++length) {
    const std::string valid(length, 'v');
    if (field_value_size(valid) != length) FAIL("length " << length);
    for (std::size_t position = 0; position < length; ++position) {
      for (int byte = 0; byte < 256; ++byte) {
        auto text = valid;
        text[position] = static_cast<char>(byte);
        const bool is_control = (byte < 0x20 && byte != '\t') || byte == 0x7F;
        if (field_value_size(text) != (is_control ? position : length)) FAIL("byte " << byte << " at " << position);
        // Later control characters have no effect.
        if (field_value_size(text + "\r\n") != (is_control ? position : length)) FAIL("byte " << byte);
      }
    }
  }
}

TEST_CASE("fields: the size of a token is the position of the first character that a token must not contain",
          "[http][message]") {
  CHECK(token_size("") == 0);
  CHECK(token_size("Content-Length") == 14);
  CHECK(token_size("Content-Length: 3") == 14);
  CHECK(token_size(" a") == 0);
}

}  // namespace
}  // namespace cohort::http
