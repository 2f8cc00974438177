// SPDX-License-Identifier: BSL-1.0
#include <cohort/json/writer.hpp>

#include <simdjson.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <string_view>

namespace cohort::json {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

template <class Value>
std::string write(const Value& value) {
  std::string out;
  writer(out).value(value);
  return out;
}

std::string write_fixed(double number, int decimals) {
  std::string out;
  writer(out).fixed(number, decimals);
  return out;
}

TEST_CASE("json writer: writes commas only between members and elements", "[json][writer]") {
  std::string out;
  writer json(out);
  json.open_object();
  json.field("a", 1).field("b", "x");
  json.key("list").open_array().value(1).value(true).null().open_object().close_object().open_array().close_array();
  json.close_array();
  json.key("object").open_object().field("c", false).close_object();
  json.raw_key("\"raw\":").raw("[1,2]").field("last", 2.5);
  json.close_object();

  CHECK(out == R"({"a":1,"b":"x","list":[1,true,null,{},[]],"object":{"c":false},"raw":[1,2],"last":2.5})");
}

TEST_CASE("json writer: a number with three decimals has the same text as with std::to_chars", "[json][writer]") {
  const auto expected = [](double number) {
    std::array<char, 32> digits;
    return std::string(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
  };
  std::minstd_rand random{1};
  for (int i = 0; i < 20'000; ++i) {
    const auto thousandths = i < 5000 ? i : static_cast<int>(random() % 120'000'000);
    const auto number = thousandths / 1000.0;
    if (write(number) != expected(number)) FAIL(write(number) << " instead of " << expected(number));
    const auto next_number = std::nextafter(number, 1e9);
    if (write(next_number) != expected(next_number))
      FAIL(write(next_number) << " instead of " << expected(next_number));
  }
  for (const auto number : {0.0, -1.5, 0.0005, 0.001, 99'999.999, 99'999.9995, 100'000.0, 1e-7})
    CHECK(write(number) == expected(number));
}

TEST_CASE("json writer: output is appended to the string", "[json][writer]") {
  std::string out = "data: ";
  writer(out).open_array().value(1).close_array();
  CHECK(out == "data: [1]");
}

TEST_CASE("json writer: escapes only the characters that JSON requires to be escaped", "[json][writer]") {
  struct row {
    std::string_view text;
    std::string_view json;
  };
  const auto test_case = GENERATE(row{"", R"("")"},                                   //
                                  row{"plain", R"("plain")"},                         //
                                  row{"a\"b", R"("a\"b")"},                           //
                                  row{"a\\b", R"("a\\b")"},                           //
                                  row{"a/b", R"("a/b")"},                             //
                                  row{"\n\r\t", R"("\n\r\t")"},                       //
                                  row{"\x01\x1f"sv, R"("\u0001\u001f")"},             //
                                  row{"\0end"sv, R"("\u0000end")"},                   //
                                  row{"\b\f", R"("\u0008\u000c")"},                   //
                                  row{"\x7f", "\"\x7f\""},                            //
                                  row{"D\u00fcsseldorf", "\"D\u00fcsseldorf\""},      //
                                  row{"\u20ac \U0001F327", "\"\u20ac \U0001F327\""},  //
                                  row{"\u2028", "\"\u2028\""});
  CHECK(write(test_case.text) == test_case.json);
}

TEST_CASE("json writer: escapes keys", "[json][writer]") {
  std::string out;
  writer(out).open_object().field("a\"\n", 1).close_object();
  CHECK(out == R"({"a\"\n":1})");
}

TEST_CASE("json writer: replaces each invalid UTF-8 byte with U+FFFD", "[json][writer]") {
  struct row {
    std::string_view text;
    std::string_view json;
  };
  // In `json`, R means U+FFFD. Source of the boundary values: RFC 3629, section 4.
  const auto test_case =
      GENERATE(row{"\x80", "R"},  // a continuation byte without a lead byte
               row{"a\xff"
                   "b",
                   "aRb"},                       // invalid in UTF-8
               row{"\xc3", "R"},                 // truncated at the end
               row{"\xc3(", "R("},               // truncated by another character
               row{"\xe2\x82", "RR"},            // truncated after two of three bytes
               row{"\xf0\x9f\x8c", "RRR"},       // truncated after three of four bytes
               row{"\xc0\x80", "RR"},            // overlong NUL
               row{"\xc1\xbf", "RR"},            // overlong sequence of two bytes
               row{"\xe0\x9f\xbf", "RRR"},       // overlong sequence of three bytes
               row{"\xf0\x8f\xbf\xbf", "RRRR"},  // overlong sequence of four bytes
               row{"\xed\xa0\x80", "RRR"},       // a surrogate
               row{"\xf4\x90\x80\x80", "RRRR"},  // beyond U+10FFFF
               row{"\xf5\x80\x80\x80", "RRRR"},  // an invalid lead byte
               row{"\xc2\x80", "\xc2\x80"},      // the first and last character of each length
               row{"\xdf\xbf", "\xdf\xbf"},      //
               row{"\xe0\xa0\x80", "\xe0\xa0\x80"}, row{"\xed\x9f\xbf", "\xed\x9f\xbf"},
               row{"\xee\x80\x80", "\xee\x80\x80"}, row{"\xef\xbf\xbf", "\xef\xbf\xbf"},
               row{"\xf0\x90\x80\x80", "\xf0\x90\x80\x80"}, row{"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"});
  std::string expected = "\"";
  for (const char c : test_case.json) expected += c == 'R' ? "\xEF\xBF\xBD"s : std::string(1, c);
  CHECK(write(test_case.text) == expected + "\"");
}

TEST_CASE("json writer: writes all digits of integers", "[json][writer]") {
  CHECK(write(0) == "0");
  CHECK(write(-17) == "-17");
  CHECK(write(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
  CHECK(write(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
  CHECK(write(std::uint8_t{200}) == "200");
  CHECK(write(true) == "true");
}

TEST_CASE("json writer: writes the shortest representation that parses to the same double", "[json][writer]") {
  struct row {
    double number;
    std::string_view json;
  };
  const auto test_case =
      GENERATE(row{0.1, "0.1"}, row{-2.5, "-2.5"}, row{1.0, "1"}, row{1e100, "1e+100"},
               row{1.0 / 3, "0.3333333333333333"}, row{-0.0, "-0.0"}, row{5e-324, "5e-324"},
               row{4294967296.5, "4294967296.5"}, row{1e15, "1e+15"}, row{123456789012345, "123456789012345"},
               row{483008439273567354880.0, "4.8300843927356735e+20"},  // an integer beyond 64 bits
               row{-9223372036854775808.0, "-9.223372036854776e+18"},
               row{std::numeric_limits<double>::max(), "1.7976931348623157e+308"});
  CHECK(write(test_case.number) == test_case.json);
}

TEST_CASE("json writer: writes null for infinities and NaN", "[json][writer]") {
  const auto number = GENERATE(std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(),
                               std::numeric_limits<double>::quiet_NaN());
  CHECK(write(number) == "null");
  CHECK(write_fixed(number, 2) == "null");
}

TEST_CASE("json writer: fixed rounds to the given number of decimals", "[json][writer]") {
  struct row {
    double number;
    int decimals;
    std::string_view json;
  };
  const auto test_case =
      GENERATE(row{12.345, 1, "12.3"}, row{12.36, 1, "12.4"}, row{12, 2, "12.00"}, row{-0.26, 1, "-0.3"},
               row{0, 0, "0"}, row{99.96, 1, "100.0"}, row{2.5, 0, "2"}, row{1e15, 1, "1000000000000000.0"});
  CHECK(write_fixed(test_case.number, test_case.decimals) == test_case.json);
}

/// Most numbers are written without `std::to_chars`.
TEST_CASE("json writer: fixed writes the same text as std::to_chars", "[json][writer]") {
  const auto expected = [](double number, int decimals) {
    std::array<char, 400> digits;
    const auto end =
        std::to_chars(digits.data(), digits.data() + digits.size(), number, std::chars_format::fixed, decimals).ptr;
    return std::string(digits.data(), end);
  };
  const auto check = [&](double number, int decimals) {
    if (write_fixed(number, decimals) != expected(number, decimals))
      FAIL(write_fixed(number, decimals) << " instead of " << expected(number, decimals));
  };
  std::minstd_rand random{1};
  for (int i = 0; i < 20'000; ++i) {
    // Two of three numbers are halfway between two representations, or adjacent to such a number.
    const auto digits = static_cast<int>(random() % 12);
    const auto half_units = static_cast<double>(random()) / (i % 2 == 0 ? 1 : 1000);
    const auto middle = half_units / 2 / std::pow(10, digits);
    for (const auto number : {middle, std::nextafter(middle, 0), std::nextafter(middle, 1e10), -middle})
      check(number, digits);
  }
  for (const auto number : {-0.0, 0.0, 0.4999995, 0.9999999999, 3999999.9995, 4294967.2955, 4e9, 1e300, 5e-324})
    for (int decimals = 0; decimals < 12; ++decimals) check(number, decimals);
}

TEST_CASE("json writer: fixed supports the largest double", "[json][writer]") {
  const auto text = write_fixed(-std::numeric_limits<double>::max(), 6);
  CHECK(text.size() == 1 + 309 + 1 + 6);
  CHECK(text.substr(0, 6) == "-17976");
}

std::string random_bytes(std::mt19937& random) {
  // Half of the bytes need special handling: control characters, quotes, lead and continuation bytes.
  static constexpr std::string_view special_bytes = "\"\\\n\x00\x1f\x7f\x80\xbf\xc2\xc3\xe0\xed\xa0\xf0\xf4\x8f\xff"sv;
  std::string text(random() % 100, '\0');
  for (char& character : text)
    character = random() % 2 == 0 ? special_bytes[random() % special_bytes.size()] : static_cast<char>(random());
  return text;
}

/// Returns random code points except surrogates, as UTF-8.
std::string random_unicode(std::mt19937& random) {
  std::string text;
  for (auto remaining = random() % 40; remaining > 0; --remaining) {
    const unsigned bits = 7 + random() % 15;
    std::uint32_t code_point = random() % (1U << bits) % 0x110000;
    if (code_point >= 0xD800 && code_point < 0xE000) code_point = 'x';
    const auto continuation_byte = [&](unsigned shift) {
      return static_cast<char>(0x80 | ((code_point >> shift) & 0x3F));
    };
    if (code_point < 0x80)
      text += static_cast<char>(code_point);
    else if (code_point < 0x800)
      (text += static_cast<char>(0xC0 | (code_point >> 6))) += continuation_byte(0);
    else if (code_point < 0x10000)
      ((text += static_cast<char>(0xE0 | (code_point >> 12))) += continuation_byte(6)) += continuation_byte(0);
    else
      (((text += static_cast<char>(0xF0 | (code_point >> 18))) += continuation_byte(12)) += continuation_byte(6)) +=
          continuation_byte(0);
  }
  return text;
}

TEST_CASE("json writer: random Unicode text is unchanged by a round trip", "[json][writer]") {
  std::mt19937 random(20260601);
  simdjson::dom::parser parser;
  for (int i = 0; i < 3000; ++i) {
    const auto text = random_unicode(random);
    const auto json = write(text);
    CAPTURE(json);
    std::string_view parsed;
    REQUIRE(parser.parse(json).get_string().get(parsed) == simdjson::SUCCESS);
    REQUIRE(parsed == text);
  }
}

TEST_CASE("json writer: random bytes are written as valid JSON", "[json][writer]") {
  std::mt19937 random(20260602);
  simdjson::dom::parser parser;
  for (int i = 0; i < 3000; ++i) {
    std::string json;
    writer(json).open_object().field(random_bytes(random), random_bytes(random)).close_object();
    CAPTURE(json);
    REQUIRE(parser.parse(json).error() == simdjson::SUCCESS);
  }
}

TEST_CASE("json writer: random numbers are unchanged by a round trip", "[json][writer]") {
  std::mt19937_64 random(20260603);
  simdjson::dom::parser parser;
  for (int i = 0; i < 3000; ++i) {
    const auto bits = random();
    double number = 0;
    std::memcpy(&number, &bits, sizeof number);
    if (!std::isfinite(number)) continue;
    std::string json = "[";
    json += write(number) + "," + write(static_cast<std::int64_t>(bits)) + "]";
    CAPTURE(json);
    simdjson::dom::array parsed_array;
    REQUIRE(parser.parse(json).get_array().get(parsed_array) == simdjson::SUCCESS);
    double parsed_double = 0;
    std::int64_t parsed_integer = 0;
    REQUIRE(parsed_array.at(0).get_double().get(parsed_double) == simdjson::SUCCESS);
    REQUIRE(parsed_array.at(1).get_int64().get(parsed_integer) == simdjson::SUCCESS);
    CHECK(parsed_double == number);
    CHECK(parsed_integer == static_cast<std::int64_t>(bits));
  }
}

}  // namespace
}  // namespace cohort::json
