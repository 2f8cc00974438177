// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <cohort/json/decode.hpp>
#include <cohort/json/schema.hpp>
#include "tests/support/json_schema.hpp"
#include "tests/unit/json/described_types.hpp"

using namespace cohort;
using namespace cohort::test::shop;

namespace other {
struct item {
  std::uint8_t level = 0;
};
BOOST_DESCRIBE_STRUCT(item, (), (level))
struct pair {
  item first;
  cohort::test::shop::item second;
  std::optional<item> third;
};
BOOST_DESCRIBE_STRUCT(pair, (), (first, second, third))
}  // namespace other

TEST_CASE("schema: a schema contains the constraints, the required members and the nested types", "[json][schema]") {
  CHECK(json::schema<order>() ==
        R"({"$schema":"https://json-schema.org/draft/2020-12/schema","$ref":"#/$defs/order","$defs":{)"
        R"("color":{"type":"string","enum":["red","green"]},)"
        R"("item":{"type":"object","properties":{)"
        R"("name":{"type":"string","minLength":1,"maxLength":5,"description":"As printed"},)"
        R"("quantity":{"type":"integer","minimum":1,"maximum":100,"default":1},)"
        R"("color":{"$ref":"#/$defs/color"},)"
        R"("note":{"anyOf":[{"type":"string"},{"type":"null"}]}},)"
        R"("required":["name","color"],"additionalProperties":false},)"
        R"("order":{"type":"object","properties":{"id":{"type":"integer"},)"
        R"("items":{"type":"array","items":{"$ref":"#/$defs/item"},"minItems":1,"maxItems":3,"uniqueItems":true},)"
        R"("labels":{"type":"object","additionalProperties":{"type":"string","maxLength":3},"maxProperties":2,)"
        R"("propertyNames":{"maxLength":4}},)"
        R"("discount":{"type":"number","minimum":0,"maximum":0.5,"default":0},)"
        R"("urgent":{"type":"boolean","default":false},)"
        R"("timeout":{"type":"integer","maximum":60,"default":5},)"
        R"("due":{"anyOf":[{"type":"string","format":"date-time"},{"type":"null"}]}},)"
        R"("required":["id","items"],"additionalProperties":false}}})");
}

TEST_CASE("schema: types of the same name have different definitions", "[json][schema]") {
  json::schema_definitions definitions{"#/components/schemas/"};
  CHECK(definitions.schema_of<other::pair>() == R"({"$ref":"#/components/schemas/pair"})");
  REQUIRE(definitions.definitions().size() == 4);
  CHECK(definitions.definitions().at("item") ==
        R"({"type":"object","properties":{"level":{"type":"integer","minimum":0,"maximum":255}},)"
        R"("required":["level"],"additionalProperties":false})");
  CHECK(definitions.definitions().contains("cohort_test_shop_item"));
}

TEST_CASE("schema: a type that contains itself refers to itself", "[json][schema]") {
  CHECK(json::schema<tree>(false) ==
        R"({"$schema":"https://json-schema.org/draft/2020-12/schema","$ref":"#/$defs/tree","$defs":{)"
        R"("tree":{"type":"object","properties":{"children":{"type":"array","items":{"$ref":"#/$defs/tree"}}},)"
        R"("required":["children"]}}})");
}

TEST_CASE("schema: a character class is a pattern, with its special characters escaped", "[json][schema]") {
  json::schema_definitions definitions;
  CHECK(definitions.schema_of<std::string>({.characters = "a-z[^-"}) ==
        R"({"type":"string","pattern":"^[a-z\\[\\^\\-]*$"})");
}

TEST_CASE("schema: an independent validator agrees with decode", "[json][schema]") {
  // The definition becomes the root of the schema, because a draft 7 validator ignores members beside `$ref`.
  const auto definition = [](const std::string& document) {
    const auto start = document.find("\"item\":{") + 7;
    const auto end = document.find(",\"order\":", start);
    auto root = document.substr(start, end - start);
    root.pop_back();
    return root + R"(,"$defs":{"color":{"type":"string","enum":["red","green"]}}})";
  };
  const test::json_schema schema{definition(json::schema<order>())};
  for (const std::string_view text :
       {R"({"name":"pen","color":"red"})", R"({"name":"pen","color":"red","quantity":100,"note":null})",
        R"({"name":"","color":"red"})", R"({"name":"pencil","color":"red"})", R"({"name":"pen","color":"blue"})",
        R"({"name":"pen"})", R"({"name":"pen","color":"red","quantity":0})", R"({"name":"pen","color":"red","x":1})",
        R"({"name":"pen","color":"red","note":1})"}) {
    INFO(text);
    CHECK(schema.violations(text).empty() == json::decode<item>(text).has_value());
  }
}
