#include "core/json/writer.hpp"

#include <simdjson.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
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
std::string written(const Value& value) {
  std::string out;
  writer(out).value(value);
  return out;
}

std::string with_decimals(double number, int decimals) {
  std::string out;
  writer(out).fixed(number, decimals);
  return out;
}

TEST_CASE("Commas stand between members and elements, and nowhere else") {
  std::string out;
  writer json(out);
  json.open_object();
  json.field("a", 1).field("b", "x");
  json.key("list").open_array().value(1).value(true).null().open_object().close_object().open_array().close_array();
  json.close_array();
  json.key("object").open_object().field("c", false).close_object();
  json.key("raw").raw("[1,2]").field("last", 2.5);
  json.close_object();

  CHECK(out == R"({"a":1,"b":"x","list":[1,true,null,{},[]],"object":{"c":false},"raw":[1,2],"last":2.5})");
}

TEST_CASE("Text is added behind what the string holds already") {
  std::string out = "data: ";
  writer(out).open_array().value(1).close_array();
  CHECK(out == "data: [1]");
}

TEST_CASE("What JSON asks to be escaped is escaped, and the rest is left as it is") {
  struct row {
    std::string_view text;
    std::string_view json;
  };
  const auto each = GENERATE(row{"", R"("")"},                                   //
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
  CHECK(written(each.text) == each.json);
}

TEST_CASE("A member's name is escaped like any text") {
  std::string out;
  writer(out).open_object().field("a\"\n", 1).close_object();
  CHECK(out == R"({"a\"\n":1})");
}

TEST_CASE("Each byte that is not UTF-8 becomes a replacement character") {
  struct row {
    std::string_view text;
    std::string_view json;
  };
  // R stands for U+FFFD below. Source of the borders: RFC 3629, section 4.
  const auto each = GENERATE(row{"\x80", "R"},  // a continuation without a lead
                             row{"a\xff"
                                 "b",
                                 "aRb"},                       // never a byte of UTF-8
                             row{"\xc3", "R"},                 // cut off at the end
                             row{"\xc3(", "R("},               // cut off by something else
                             row{"\xe2\x82", "RR"},            // cut off after two of three
                             row{"\xf0\x9f\x8c", "RRR"},       // after three of four
                             row{"\xc0\x80", "RR"},            // overlong NUL
                             row{"\xc1\xbf", "RR"},            // overlong, two bytes
                             row{"\xe0\x9f\xbf", "RRR"},       // overlong, three
                             row{"\xf0\x8f\xbf\xbf", "RRRR"},  // overlong, four
                             row{"\xed\xa0\x80", "RRR"},       // a surrogate
                             row{"\xf4\x90\x80\x80", "RRRR"},  // beyond U+10FFFF
                             row{"\xf5\x80\x80\x80", "RRRR"},  // a lead that does not exist
                             row{"\xc2\x80", "\xc2\x80"},      // the first and last of each length
                             row{"\xdf\xbf", "\xdf\xbf"},      //
                             row{"\xe0\xa0\x80", "\xe0\xa0\x80"}, row{"\xed\x9f\xbf", "\xed\x9f\xbf"},
                             row{"\xee\x80\x80", "\xee\x80\x80"}, row{"\xef\xbf\xbf", "\xef\xbf\xbf"},
                             row{"\xf0\x90\x80\x80", "\xf0\x90\x80\x80"}, row{"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"});
  std::string expected = "\"";
  for (const char c : each.json) expected += c == 'R' ? "\xEF\xBF\xBD"s : std::string(1, c);
  CHECK(written(each.text) == expected + "\"");
}

TEST_CASE("Whole numbers are written in full") {
  CHECK(written(0) == "0");
  CHECK(written(-17) == "-17");
  CHECK(written(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
  CHECK(written(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
  CHECK(written(std::uint8_t{200}) == "200");
  CHECK(written(true) == "true");
}

TEST_CASE("A number with a fraction is the shortest text that reads back as the same number") {
  struct row {
    double number;
    std::string_view json;
  };
  const auto each =
      GENERATE(row{0.1, "0.1"}, row{-2.5, "-2.5"}, row{1.0, "1"}, row{1e100, "1e+100"},
               row{1.0 / 3, "0.3333333333333333"}, row{-0.0, "-0"}, row{5e-324, "5e-324"},
               row{4294967296.5, "4294967296.5"}, row{1e15, "1e+15"}, row{123456789012345, "123456789012345"},
               row{483008439273567354880.0, "4.8300843927356735e+20"},  // an integer beyond 64 bits
               row{-9223372036854775808.0, "-9.223372036854776e+18"},
               row{std::numeric_limits<double>::max(), "1.7976931348623157e+308"});
  CHECK(written(each.number) == each.json);
}

TEST_CASE("What is no number for JSON is null") {
  const auto number = GENERATE(std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(),
                               std::numeric_limits<double>::quiet_NaN());
  CHECK(written(number) == "null");
  CHECK(with_decimals(number, 2) == "null");
}

TEST_CASE("Fixed decimals are rounded and always there") {
  struct row {
    double number;
    int decimals;
    std::string_view json;
  };
  const auto each =
      GENERATE(row{12.345, 1, "12.3"}, row{12.36, 1, "12.4"}, row{12, 2, "12.00"}, row{-0.26, 1, "-0.3"},
               row{0, 0, "0"}, row{99.96, 1, "100.0"}, row{2.5, 0, "2"}, row{1e15, 1, "1000000000000000.0"});
  CHECK(with_decimals(each.number, each.decimals) == each.json);
}

TEST_CASE("The largest number fits with its decimals") {
  const auto text = with_decimals(-std::numeric_limits<double>::max(), 6);
  CHECK(text.size() == 1 + 309 + 1 + 6);
  CHECK(text.substr(0, 6) == "-17976");
}

std::string random_bytes(std::mt19937& dice) {
  // Favour what needs care: controls, quotes, leads and continuations.
  static constexpr std::string_view awkward = "\"\\\n\x00\x1f\x7f\x80\xbf\xc2\xc3\xe0\xed\xa0\xf0\xf4\x8f\xff"sv;
  std::string bytes(dice() % 100, '\0');
  for (char& each : bytes) each = dice() % 2 == 0 ? awkward[dice() % awkward.size()] : static_cast<char>(dice());
  return bytes;
}

/// Any code point but the surrogates, as UTF-8.
std::string random_unicode(std::mt19937& dice) {
  std::string text;
  for (auto left = dice() % 40; left > 0; --left) {
    const unsigned bits = 7 + dice() % 15;
    std::uint32_t point = dice() % (1U << bits) % 0x110000;
    if (point >= 0xD800 && point < 0xE000) point = 'x';
    const auto tail = [&](unsigned shift) { return static_cast<char>(0x80 | ((point >> shift) & 0x3F)); };
    if (point < 0x80)
      text += static_cast<char>(point);
    else if (point < 0x800)
      (text += static_cast<char>(0xC0 | (point >> 6))) += tail(0);
    else if (point < 0x10000)
      ((text += static_cast<char>(0xE0 | (point >> 12))) += tail(6)) += tail(0);
    else
      (((text += static_cast<char>(0xF0 | (point >> 18))) += tail(12)) += tail(6)) += tail(0);
  }
  return text;
}

TEST_CASE("A parser reads back every text of Unicode that was written") {
  std::mt19937 dice(20260601);
  simdjson::dom::parser parser;
  for (int i = 0; i < 3000; ++i) {
    const auto text = random_unicode(dice);
    const auto json = written(text);
    CAPTURE(json);
    std::string_view back;
    REQUIRE(parser.parse(json).get_string().get(back) == simdjson::SUCCESS);
    REQUIRE(back == text);
  }
}

TEST_CASE("Whatever bytes come in, what goes out is JSON") {
  std::mt19937 dice(20260602);
  simdjson::dom::parser parser;
  for (int i = 0; i < 3000; ++i) {
    std::string json;
    writer(json).open_object().field(random_bytes(dice), random_bytes(dice)).close_object();
    CAPTURE(json);
    REQUIRE(parser.parse(json).error() == simdjson::SUCCESS);
  }
}

TEST_CASE("A parser reads back every number that was written") {
  std::mt19937_64 dice(20260603);
  simdjson::dom::parser parser;
  for (int i = 0; i < 3000; ++i) {
    const auto bits = dice();
    double number = 0;
    std::memcpy(&number, &bits, sizeof number);
    if (!std::isfinite(number)) continue;
    std::string json = "[";
    json += written(number) + "," + written(static_cast<std::int64_t>(bits)) + "]";
    CAPTURE(json);
    simdjson::dom::array both;
    REQUIRE(parser.parse(json).get_array().get(both) == simdjson::SUCCESS);
    double real = 0;
    std::int64_t whole = 0;
    REQUIRE(both.at(0).get_double().get(real) == simdjson::SUCCESS);
    REQUIRE(both.at(1).get_int64().get(whole) == simdjson::SUCCESS);
    CHECK(real == number);
    CHECK(whole == static_cast<std::int64_t>(bits));
  }
}

}  // namespace
}  // namespace cohort::json
