#include "tests/support/json_schema.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <stdexcept>

using Catch::Matchers::ContainsSubstring;
using cohort::test::json_schema;

namespace {

using lines = std::vector<std::string>;

TEST_CASE("A schema accepts what is as it says, and names each place that is not") {
  struct example {
    std::string_view schema;
    std::string_view accepted;
    std::string_view refused;
    std::string_view violation;
  };
  const auto each = GENERATE(values<example>({
      {R"({"type": "object"})", "{}", "[]", R"(: is no "object")"},
      {R"({"type": "integer"})", "7", "7.5", R"(: is no "integer")"},
      {R"({"type": "integer"})", "7.0", "true", R"(: is no "integer")"},
      {R"({"type": "number"})", "7", "\"7\"", R"(: is no "number")"},
      {R"({"type": "boolean"})", "false", "0", R"(: is no "boolean")"},
      {R"({"type": ["string", "null"]})", "null", "0", R"(: is no ["string","null"])"},
      {R"({"enum": ["a", 1]})", "1.0", "\"b\"", R"(: is none of ["a",1])"},
      {R"({"const": "a"})", "\"a\"", "\"A\"", R"(: is not "a")"},
      {R"({"minimum": 0})", "0", "-1", ": is too small"},
      {R"({"minimum": 0})", "\"-1\"", "-0.5", ": is too small"},
      {R"({"maximum": 1})", "1", "1.5", ": is too great"},
      {R"({"required": ["a"]})", R"({"a": null})", "{}", ": lacks a"},
      {R"({"properties": {"a": {"type": "null"}}})", R"({"a": null, "b": 1})", R"({"a": 1})", R"(/a: is no "null")"},
      {R"({"properties": {"a": {}}, "additionalProperties": false})", R"({"a": 1})", R"({"b": 1})",
       "/b: is not foreseen"},
      {R"({"properties": {"a": {}}, "additionalProperties": {"minimum": 2}})", R"({"a": 1, "b": 2})", R"({"b": 1})",
       "/b: is too small"},
      {R"({"items": {"minimum": 2}})", "[2, 3]", "[2, 1]", "/1: is too small"},
      {R"({"$defs": {"a": {"minimum": 2}}, "items": {"$ref": "#/$defs/a", "maximum": 9}})", "[2, 9]", "[1]",
       "/0: is too small"},
      {R"({"$defs": {"a": {"minimum": 2}}, "items": {"$ref": "#/$defs/a", "maximum": 9}})", "[2, 9]", "[10]",
       "/0: is too great"},
  }));
  CAPTURE(each.schema);
  const json_schema schema{each.schema};
  CHECK(schema.violations(each.accepted) == lines{});
  CHECK(schema.violations(each.refused) == lines{std::string{each.violation}});
}

TEST_CASE("A schema that would not be checked in full is refused, wherever the gap is") {
  const auto text =
      GENERATE(R"({"pattern": "^a"})", R"({"properties": {"a": {"format": "date"}}})", R"({"items": {"oneOf": []}})",
               R"({"additionalProperties": {"minLength": 1}})", R"({"$defs": {"unused": {"maxItems": 1}}})",
               R"({"type": "float"})", R"({"$ref": "#/$defs/a"})", R"({"$ref": "other.json"})", "7", "{");
  CAPTURE(text);
  CHECK_THROWS_AS(json_schema{text}, std::runtime_error);
}

TEST_CASE("Every violation is told, not only the first") {
  const json_schema schema{R"({"items": {"required": ["a"], "properties": {"a": {"type": "string"}}}})"};
  CHECK(schema.violations(R"([{}, {"a": 1}, {"a": "b"}])") == lines{"/0: lacks a", R"(/1/a: is no "string")"});
}

TEST_CASE("What is no JSON is not taken for a document without violations") {
  CHECK_THROWS_WITH(json_schema{"{}"}.violations("{"), ContainsSubstring("not JSON"));
}

}  // namespace
