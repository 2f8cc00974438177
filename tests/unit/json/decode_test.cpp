// SPDX-License-Identifier: BSL-1.0
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cohort/json/decode.hpp>
#include <limits>
#include "tests/unit/json/described_types.hpp"

using namespace cohort;
using namespace cohort::test::shop;
using json::field_error;

namespace {

template <class T>
std::string errors_of(std::string_view text, const json::decode_options& options = {}) {
  const auto decode_result = json::decode<T>(text, options);
  return decode_result ? "none" : decode_result.error().text();
}

struct all_integers {
  std::int8_t i8 = 0;
  std::uint8_t u8 = 0;
  std::int32_t i32 = 0;
  std::int64_t i64 = 0;
  std::uint64_t u64 = 0;
};
BOOST_DESCRIBE_STRUCT(all_integers, (), (i8, u8, i32, i64, u64))

struct base {
  int first = 0;
  int second = 2;
};
BOOST_DESCRIBE_STRUCT(base, (), (first, second))
constexpr auto constraints(json::type<base>) {
  return json::constrain(json::member(&base::first, {.max = 9}), json::member(&base::second, {.fallback = 2}));
}
struct derived : base {
  std::array<float, 2> point{};
  std::string code;
};
BOOST_DESCRIBE_STRUCT(derived, (base), (point, code))
bool is_even_length(std::string_view text) { return text.size() % 2 == 0; }
constexpr auto constraints(json::type<derived>) {
  return json::constrain(
      json::member(&derived::second, {.max = 3, .fallback = 2}),
      json::member(&derived::code,
                   {.characters = "a-c_-", .check = &is_even_length, .expected = "of even length", .fallback = "ab"}));
}

}  // namespace

TEST_CASE("decode: a document is decoded into nested structs, lists, maps, enumerations, durations and times",
          "[json][decode]") {
  const auto decode_result = json::decode<order>(
      R"({"id":7,"items":[{"name":"pen","quantity":2,"color":"green","note":"blue"},{"name":"ink","color":"red"}],)"
      R"("labels":{"a":"b"},"discount":0.25,"urgent":true,"timeout":9,"due":"2026-11-28T13:00:00.25+01:00"})");
  REQUIRE(decode_result.has_value());
  const order expected{
      .id = 7,
      .items = {{"pen", 2, color::green, "blue"}, {"ink", 1, color::red, std::nullopt}},
      .labels = {{"a", "b"}},
      .discount = 0.25,
      .urgent = true,
      .timeout = std::chrono::seconds{9},
      .due = std::chrono::sys_days{std::chrono::year{2026} / 11 / 28} + std::chrono::milliseconds{43'200'250}};
  CHECK(*decode_result == expected);
  CHECK(json::decode<order>(json::encode(*decode_result)).value() == expected);
}

TEST_CASE("decode: an absent or null optional member is empty, and an absent member has its fallback value",
          "[json][decode]") {
  const auto decode_result =
      json::decode<order>(R"({"id":1,"items":[{"name":"a","color":"red","note":null}],"due":null})");
  REQUIRE(decode_result.has_value());
  CHECK(decode_result->items[0].quantity == 1);
  CHECK_FALSE(decode_result->items[0].note);
  CHECK_FALSE(decode_result->due);
  CHECK(decode_result->timeout == std::chrono::seconds{5});
  CHECK(decode_result->labels.empty());
}

TEST_CASE("decode: the result has every error of the document with its path", "[json][decode]") {
  const auto decode_result = json::decode<order>(
      R"({"id":"x","items":[{"name":"","quantity":101,"color":"blue"},{"name":"äöüäöü","note":3,"extra":1}],)"
      R"("labels":{"a":"long text","toolong":""},"discount":0.6,"urgent":1,"timeout":61,"due":"yesterday"})");
  REQUIRE_FALSE(decode_result.has_value());
  const std::vector<field_error> expected{{"id", "must be an integer"},
                                          {"items[0].name", "must have 1 to 5 characters"},
                                          {"items[0].quantity", "must be an integer from 1 to 100"},
                                          {"items[0].color", "must be one of red, green"},
                                          {"items[1].name", "must have 1 to 5 characters"},
                                          {"items[1].note", "must be a string"},
                                          {"items[1].extra", "is unknown; known: name, quantity, color, note"},
                                          {"items[1].color", "is required"},
                                          {"labels.a", "must have at most 3 characters"},
                                          {"labels.toolong", "is a name that must have at most 4 characters"},
                                          {"discount", "must be a number from 0 to 0.5"},
                                          {"urgent", "must be true or false"},
                                          {"timeout", "must be an integer of at most 60"},
                                          {"due", "must be an RFC 3339 timestamp, such as 2026-11-28T12:00:00Z"}};
  CHECK(decode_result.error().list == expected);
  CHECK_FALSE(decode_result.error().is_truncated);
}

TEST_CASE("decode: lengths are counted in characters", "[json][decode]") {
  CHECK(errors_of<item>(R"({"name":"äöüäö","color":"red"})") == "none");
}

TEST_CASE("decode: unknown members are rejected, or ignored if the options allow them", "[json][decode]") {
  constexpr auto text = R"({"name":"a","color":"red","x":{"deep":[1]}})";
  CHECK(errors_of<item>(text) == "x is unknown; known: name, quantity, color, note");
  CHECK(errors_of<item>(text, {.unknown_members = json::unknown_member_policy::ignore}) == "none");
}

TEST_CASE("decode: repeated members are rejected, in structs and in maps", "[json][decode]") {
  CHECK(errors_of<item>(R"({"name":"a","color":"red","name":"b"})") == "name must not be repeated");
  CHECK(errors_of<std::map<std::string, int>>(R"({"a":1,"a":2})") == "a must not be repeated");
}

TEST_CASE("decode: sizes and the uniqueness of items are checked", "[json][decode]") {
  constexpr auto a = R"({"name":"a","color":"red"})";
  const auto list = [&](int count) {
    std::string text = R"({"id":1,"items":[)";
    for (int i = 0; i < count; ++i) text.append(i > 0 ? "," : "").append(a);
    return text + "]}";
  };
  CHECK(errors_of<order>(list(0)) == "items must have 1 to 3 items");
  CHECK(errors_of<order>(list(2)) == "items[1] must not repeat an earlier item");
  CHECK(errors_of<order>(list(4)) == "items must have 1 to 3 items");
  CHECK(errors_of<std::array<int, 2>>("[1]") == "the document must have exactly 2 items");
}

TEST_CASE("decode: integers must fit their type exactly", "[json][decode]") {
  CHECK(errors_of<all_integers>(R"({"i8":-128,"u8":255,"i32":-2147483648,"i64":-9223372036854775808,)"
                                R"("u64":18446744073709551615})") == "none");
  CHECK(errors_of<all_integers>(R"({"i8":128,"u8":-1,"i32":2147483648,"i64":9223372036854775808,"u64":-1})") ==
        "i8 must be an integer from -128 to 127; u8 must be an integer from 0 to 255; "
        "i32 must be an integer from -2147483648 to 2147483647; "
        "i64 must be an integer from -9223372036854775808 to 9223372036854775807; "
        "u64 must be an integer from 0 to 18446744073709551615");
  CHECK(json::decode<int>("3.0").value() == 3);
  CHECK(json::decode<int>("1e2").value() == 100);
  CHECK(errors_of<int>("3.5") == "the document must be an integer");
  CHECK(errors_of<std::int64_t>("1e300") == "the document must be an integer");
  CHECK(json::decode<double>("3").value() == 3.0);
  CHECK(std::signbit(json::decode<double>(json::encode(-0.0)).value()));
}

TEST_CASE("decode: base classes, arrays, character classes and custom checks are supported", "[json][decode]") {
  const auto decode_result = json::decode<derived>(R"({"first":1,"point":[0.5,2],"code":"a_-c"})");
  REQUIRE(decode_result.has_value());
  CHECK(decode_result->first == 1);
  CHECK(decode_result->point == std::array{0.5F, 2.0F});
  CHECK(json::decode<derived>(R"({"first":1,"point":[0,0]})")->code == "ab");
  CHECK(errors_of<derived>(R"({"first":1,"point":[0,0],"code":"xy"})") == "code must consist of the characters a-c_-");
  CHECK(errors_of<derived>(R"({"first":1,"point":[0,0],"code":"abc"})") == "code must be of even length");
}

TEST_CASE(
    "decode: the constraints of a base class apply to its members, unless the derived struct has constraints for them",
    "[json][decode]") {
  CHECK(errors_of<derived>(R"({"first":10,"point":[0,0]})") == "first must be an integer of at most 9");
  CHECK(errors_of<derived>(R"({"first":1,"second":4,"point":[0,0]})") == "second must be an integer of at most 3");
}

TEST_CASE("decode: text that is not JSON is rejected with the reason", "[json][decode]") {
  CHECK(errors_of<item>("") == "the document must be JSON, but is empty");
  CHECK(errors_of<item>("{\"name\":") == "the document must be JSON, but is malformed");
  CHECK(errors_of<item>("{\"name\":\"\xFF\"}") == "the document must be JSON, but is not valid UTF-8");
  CHECK(errors_of<item>("[]") == "the document must be an object");
  CHECK(errors_of<item>("null") == "the document must be an object");
  CHECK(errors_of<item>(R"({"name":"a","color":"red"})", {.max_bytes = 10}) ==
        "the document must have at most 10 bytes");
}

TEST_CASE("decode: nesting and the number of errors are bounded", "[json][decode]") {
  const auto make_nested_document = [](int depth) {
    std::string text;
    for (int i = 0; i < depth; ++i) text += R"({"children":[)";
    for (int i = 0; i < depth; ++i) text += "]}";
    return text;
  };
  CHECK(errors_of<tree>(make_nested_document(32)) == "none");
  CHECK(errors_of<tree>(make_nested_document(33)).ends_with(" is nested too deeply"));
  std::string zeros = "[0";
  for (int i = 1; i < 1000; ++i) zeros += ",0";
  const auto decode_result = json::decode<std::vector<std::string>>(zeros + "]", {.max_errors = 4});
  CHECK(decode_result.error().list.size() == 4);
  CHECK(decode_result.error().list[3].field == "[3]");
  CHECK(decode_result.error().is_truncated);
  CHECK(decode_result.error().text().ends_with("; and more"));
}

TEST_CASE("decode: a long member name is truncated in the path", "[json][decode]") {
  const auto decode_result = json::decode<item>(R"({"name":"a","color":"red",")" + std::string(1000, 'x') + R"(":1})");
  CHECK(decode_result.error().list.at(0).field == std::string(60, 'x') + "…");
}

// The fuzz target simulation_plan found this error.
TEST_CASE("decode: the error for a member name with control characters is one line", "[json][decode]") {
  const auto decode_result = json::decode<item>(R"({"a\nb\u007f":1})");
  REQUIRE_FALSE(decode_result.has_value());
  CHECK(decode_result.error().text().find("a?b? is unknown") != std::string::npos);
}

TEST_CASE("decode: the result's value() throws an exception with the text of the errors", "[json][decode]") {
  CHECK_THROWS_AS(json::decode<int>("true").value(), std::invalid_argument);
}

struct quoted_member {
  int first = 1;
  int second = 2;
};
BOOST_DESCRIBE_STRUCT(quoted_member, (), (first, second))
constexpr auto constraints(json::type<quoted_member>) {
  return json::constrain(json::member(&quoted_member::second, {.name = "a\"\u00fc"}));
}

TEST_CASE("encode: the name of a member is escaped", "[json][encode]") {
  CHECK(json::encode(quoted_member{}) == "{\"first\":1,\"a\\\"\u00fc\":2}");
}

TEST_CASE("encode: members are in the order of the description, and empty optional members are omitted",
          "[json][encode]") {
  CHECK(json::encode(item{"pen", 2, color::green, std::nullopt}) == R"({"name":"pen","quantity":2,"color":"green"})");
  CHECK(json::encode(std::vector<std::optional<int>>{1, std::nullopt}) == "[1,null]");
  CHECK(json::encode(std::numeric_limits<double>::infinity()) == "null");
  CHECK(json::encode(static_cast<color>(9)) == "null");
}
