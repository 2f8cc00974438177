// SPDX-License-Identifier: BSL-1.0
#include <cohort/json/parser.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include <cohort/runtime/task.hpp>

namespace cohort::json {
namespace {

using namespace std::string_view_literals;

result<std::string> parse_name(std::string_view text) {
  return parse(text, [](simdjson::dom::element root) -> result<std::string> {
    std::string_view name;
    if (const auto error = root["name"].get_string().get(name); error) {
      return error_code{boost::system::errc::invalid_argument, boost::system::generic_category()};
    }
    return std::string{name};
  });
}

TEST_CASE("json parser: parse returns the visitor's result", "[json][parser]") {
  const auto name = parse_name(R"({"name":"D\u00fcsseldorf \ud83c\udf27","rest":[1,2,3]})");
  REQUIRE(name.has_value());
  CHECK(*name == "D\u00fcsseldorf \U0001F327");
}

TEST_CASE("json parser: parse returns the visitor's error unchanged", "[json][parser]") {
  const auto name = parse_name(R"({"name":17})");
  REQUIRE(name.has_error());
  CHECK(name.error() == boost::system::errc::invalid_argument);
}

TEST_CASE("json parser: invalid JSON results in bad_message, and the visitor is not called", "[json][parser]") {
  const auto text = GENERATE(std::string_view{}, ""sv, " "sv, "{"sv, "}"sv, "{\"name\":}"sv, "{'name':1}"sv,
                             "{\"a\":1,}"sv, "[1 2]"sv, "nul"sv, "01"sv, "1."sv, "+1"sv, "\"\n\""sv, "\"\\x\""sv,
                             "\"\xff\""sv, "{} {}"sv, "{\"a\":1}x"sv, "<html>"sv);
  CAPTURE(text);
  bool is_visited = false;
  const auto parsed = parse(text, [&](simdjson::dom::element) -> result<bool> { return is_visited = true; });
  REQUIRE(parsed.has_error());
  CHECK(parsed.error() == boost::system::errc::bad_message);
  CHECK_FALSE(is_visited);
}

TEST_CASE("json parser: excessively nested JSON is an error", "[json][parser]") {
  const std::string text = std::string(100'000, '[') + std::string(100'000, ']');
  CHECK(parse(text, [](simdjson::dom::element) -> result<bool> { return true; }).has_error());
}

TEST_CASE("json parser: parse does not read beyond the end of the text", "[json][parser]") {
  // The allocation has exactly the size of the text, so that AddressSanitizer detects a read beyond the end.
  constexpr auto text = R"({"name":"exact"})"sv;
  const auto exact_copy = std::make_unique<char[]>(text.size());
  text.copy(exact_copy.get(), text.size());
  const auto name = parse_name({exact_copy.get(), text.size()});
  REQUIRE(name.has_value());
  CHECK(*name == "exact");
  CHECK(parse_name(R"({"name":"short"}garbage)"sv.substr(0, 16)).value() == "short");
}

TEST_CASE("json parser: parse succeeds after a failed parse", "[json][parser]") {
  CHECK(parse_name("{\"name\":").has_error());
  CHECK(parse_name(R"({"name":"well"})").value() == "well");
}

TEST_CASE("json parser: each thread has its own parser", "[json][parser][threads]") {
  auto* this_parser = &thread_local_parser();
  CHECK(this_parser == &thread_local_parser());
  simdjson::dom::parser* other_parser = nullptr;
  std::thread([&] { other_parser = &thread_local_parser(); }).join();
  CHECK(other_parser != nullptr);
  CHECK(other_parser != this_parser);
}

TEST_CASE("json parser: is_object accepts exactly one JSON object", "[json][parser]") {
  struct row {
    std::string_view text;
    bool is_object_text;
  };
  const auto test_case =
      GENERATE(row{"{}", true}, row{" {\"a\":{}} \n", true}, row{"[]", false}, row{"\"{}\"", false}, row{"1", false},
               row{"null", false}, row{"", false}, row{{}, false}, row{"{", false}, row{"{}{}", false});
  CAPTURE(test_case.text);
  CHECK(is_object(test_case.text) == test_case.is_object_text);
}

TEST_CASE("json parser: a byte order mark before JSON is ignored", "[json][parser][case-2.4]") {
  const std::string mark = "\xEF\xBB\xBF";
  CHECK(parse_name(mark + R"({"name":"well"})").value() == "well");
  CHECK(parse_name(mark + " \r\n{\"name\":\"well\"}\n").value() == "well");
  CHECK(is_object(mark + "{}"));
  CHECK_FALSE(is_object(mark + "[]"));
  CHECK(minify(mark + " [ 1 ] ") == "[1]");
  CHECK(strip_byte_order_mark(mark + "{}") == "{}");
  CHECK(strip_byte_order_mark("{}") == "{}");
}

TEST_CASE("json parser: JSON with a byte order mark of another encoding is invalid", "[json][parser][case-2.4]") {
  using namespace std::string_literals;
  const auto text = GENERATE("\xEF\xBB\xBF"s, "\xEF\xBB\xBF\xEF\xBB\xBF{}"s, " \xEF\xBB\xBF{}"s, "{}\xEF\xBB\xBF"s,
                             "\xEF\xBB{}"s, "\xFF\xFE{\0}\0"s, "\xFE\xFF\0{\0}"s);
  CAPTURE(text);
  CHECK_FALSE(is_object(text));
  CHECK(minify(text).empty());
}

TEST_CASE("json parser: minify removes whitespace between tokens only", "[json][parser]") {
  CHECK(minify(" { \"a b\" : [ 1 , -2.5 , true , null ] ,\r\n\t\"c\" : \"x  y\\n\" } ") ==
        R"({"a b":[1,-2.5,true,null],"c":"x  y\n"})");
  CHECK(minify("{}") == "{}");
}

TEST_CASE("json parser: minify returns a single line", "[json][parser]") {
  CHECK(minify("{\n\"a\":\n\"one\\ntwo\"\n}").find('\n') == std::string::npos);
}

TEST_CASE("json parser: minify returns an empty string for invalid JSON", "[json][parser]") {
  CHECK(minify("{\"a\":").empty());
}

}  // namespace
}  // namespace cohort::json
