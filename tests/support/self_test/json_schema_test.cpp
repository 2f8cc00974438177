// SPDX-License-Identifier: BSL-1.0
#include "tests/support/json_schema.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <stdexcept>

using Catch::Matchers::ContainsSubstring;
using cohort::test::json_schema;

namespace {

TEST_CASE("json schema: violations are reported with the JSON pointer of the value", "[support]") {
  struct example {
    std::string_view schema;
    std::string_view valid;
    std::string_view invalid;
    std::string_view pointer;
  };
  const auto test_case = GENERATE(values<example>({
      {R"({"type": "object"})", "{}", "[]", ""},
      {R"({"type": "integer"})", "7", "7.5", ""},
      {R"({"type": ["string", "null"]})", "null", "0", ""},
      {R"({"enum": ["a", 1]})", "1", "\"b\"", ""},
      {R"({"const": "a"})", "\"a\"", "\"A\"", ""},
      {R"({"minimum": 0})", "0", "-1", ""},
      {R"({"maximum": 1})", "1", "1.5", ""},
      {R"({"required": ["a"]})", R"({"a": null})", "{}", ""},
      {R"({"properties": {"a": {"type": "null"}}})", R"({"a": null, "b": 1})", R"({"a": 1})", "/a"},
      {R"({"properties": {"a": {"items": {"minimum": 2}}}})", R"({"a": [2]})", R"({"a": [2, 1]})", "/a/1"},
      {R"({"properties": {"a": {}}, "additionalProperties": {"minimum": 2}})", R"({"a": 1, "b": 2})", R"({"b": 1})",
       "/b"},
      {R"({"$defs": {"a": {"minimum": 2}}, "items": {"$ref": "#/$defs/a"}})", "[2, 9]", "[1]", "/0"},
  }));
  CAPTURE(test_case.schema);
  const json_schema schema{test_case.schema};
  CHECK(schema.violations(test_case.valid).empty());
  const auto violations = schema.violations(test_case.invalid);
  REQUIRE(violations.size() == 1);
  CHECK(violations[0].starts_with(std::string{test_case.pointer} + ": "));
}

TEST_CASE("json schema: additional properties can be forbidden", "[support]") {
  const json_schema schema{R"({"properties": {"a": {}}, "additionalProperties": false})"};
  CHECK(schema.violations(R"({"a": 1})").empty());
  CHECK_FALSE(schema.violations(R"({"b": 1})").empty());
}

TEST_CASE("json schema: all violations are reported", "[support]") {
  const json_schema schema{R"({"items": {"required": ["a"], "properties": {"a": {"type": "string"}}}})"};
  const auto violations = schema.violations(R"([{}, {"a": 1}, {"a": "b"}])");
  REQUIRE(violations.size() == 2);
  CHECK(violations[0].starts_with("/0: "));
  CHECK(violations[1].starts_with("/1/a: "));
}

TEST_CASE("json schema: an invalid schema is rejected", "[support]") {
  const auto* const text = GENERATE("7", "{", R"({"$ref": "#/$defs/a"})", R"({"type": "float"})");
  CAPTURE(text);
  CHECK_THROWS_AS(json_schema{text}, std::runtime_error);
}

TEST_CASE("json schema: a document that is not JSON is rejected", "[support]") {
  CHECK_THROWS_WITH(json_schema{"{}"}.violations("{"), ContainsSubstring("not JSON"));
}

}  // namespace
