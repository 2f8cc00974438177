#include "core/json/reader.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "core/runtime/task.hpp"

namespace cohort::json {
namespace {

using namespace std::string_view_literals;

result<std::string> name_in(std::string_view text) {
  return read(text, [](simdjson::dom::element root) -> result<std::string> {
    std::string_view name;
    if (const auto failed = root["name"].get_string().get(name); failed) {
      return error_code{boost::system::errc::invalid_argument, boost::system::generic_category()};
    }
    return std::string{name};
  });
}

TEST_CASE("What is wanted of a document is copied out of it") {
  const auto name = name_in(R"({"name":"D\u00fcsseldorf \ud83c\udf27","rest":[1,2,3]})");
  REQUIRE(name.has_value());
  CHECK(*name == "D\u00fcsseldorf \U0001F327");
}

TEST_CASE("What the visitor finds wrong is handed on as it is") {
  const auto name = name_in(R"({"name":17})");
  REQUIRE(name.has_error());
  CHECK(name.error() == boost::system::errc::invalid_argument);
}

TEST_CASE("What is no JSON is a bad message, and the visitor does not see it") {
  const auto text = GENERATE(std::string_view{}, ""sv, " "sv, "{"sv, "}"sv, "{\"name\":}"sv, "{'name':1}"sv,
                             "{\"a\":1,}"sv, "[1 2]"sv, "nul"sv, "01"sv, "1."sv, "+1"sv, "\"\n\""sv, "\"\\x\""sv,
                             "\"\xff\""sv, "{} {}"sv, "{\"a\":1}x"sv, "<html>"sv);
  CAPTURE(text);
  bool visited = false;
  const auto answer = read(text, [&](simdjson::dom::element) -> result<bool> { return visited = true; });
  REQUIRE(answer.has_error());
  CHECK(answer.error() == boost::system::errc::bad_message);
  CHECK_FALSE(visited);
}

TEST_CASE("JSON nested beyond all sense is a bad message") {
  const std::string text = std::string(100'000, '[') + std::string(100'000, ']');
  CHECK(read(text, [](simdjson::dom::element) -> result<bool> { return true; }).has_error());
}

TEST_CASE("A text is read within its bounds, whatever stands behind it") {
  // Exactly as long as the text: a read beyond it is one that AddressSanitizer sees.
  constexpr auto text = R"({"name":"exact"})"sv;
  const auto exact = std::make_unique<char[]>(text.size());
  text.copy(exact.get(), text.size());
  const auto name = name_in({exact.get(), text.size()});
  REQUIRE(name.has_value());
  CHECK(*name == "exact");
  CHECK(name_in(R"({"name":"short"}garbage)"sv.substr(0, 16)).value() == "short");
}

TEST_CASE("A parser that met bad JSON reads the next text as ever") {
  CHECK(name_in("{\"name\":").has_error());
  CHECK(name_in(R"({"name":"well"})").value() == "well");
}

TEST_CASE("Each thread has a parser of its own") {
  auto* here = &thread_parser();
  CHECK(here == &thread_parser());
  simdjson::dom::parser* there = nullptr;
  std::thread([&] { there = &thread_parser(); }).join();
  CHECK(there != nullptr);
  CHECK(there != here);
}

TEST_CASE("Only one JSON object and nothing else is an object") {
  struct row {
    std::string_view text;
    bool object;
  };
  const auto each =
      GENERATE(row{"{}", true}, row{" {\"a\":{}} \n", true}, row{"[]", false}, row{"\"{}\"", false}, row{"1", false},
               row{"null", false}, row{"", false}, row{{}, false}, row{"{", false}, row{"{}{}", false});
  CAPTURE(each.text);
  CHECK(is_object(each.text) == each.object);
}

TEST_CASE("Minified JSON is the same without white space between its tokens") {
  CHECK(minified(" { \"a b\" : [ 1 , -2.5 , true , null ] ,\r\n\t\"c\" : \"x  y\\n\" } ") ==
        R"({"a b":[1,-2.5,true,null],"c":"x  y\n"})");
  CHECK(minified("{}") == "{}");
}

TEST_CASE("Minified JSON is on one line") {
  CHECK(minified("{\n\"a\":\n\"one\\ntwo\"\n}").find('\n') == std::string::npos);
}

TEST_CASE("What is no JSON is minified to nothing") { CHECK(minified("{\"a\":").empty()); }

}  // namespace
}  // namespace cohort::json
