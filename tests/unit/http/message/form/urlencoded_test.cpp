// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/form/urlencoded.hpp>

#include <catch2/catch_test_macros.hpp>

namespace cohort::http {
namespace {

TEST_CASE("urlencoded: names and values are decoded in their order", "[http][form]") {
  const auto fields = parse_urlencoded("a=1&b+c=%C3%A4&&a=&d");
  REQUIRE(fields.has_value());
  CHECK(*fields == form_fields{{"a", "1"}, {"b c", "ä"}, {"a", ""}, {"d", ""}});
  CHECK(parse_urlencoded("")->empty());
  CHECK(*parse_urlencoded("a=b=c") == form_fields{{"a", "b=c"}});
}

TEST_CASE("urlencoded: malformed percent-encoding, invalid UTF-8 and NUL are rejected", "[http][form]") {
  for (const std::string_view text : {"a=%", "a=%4", "a=%zz", "%=1", "a=%ff", "%c3=1", "a=%00", "%00=1"}) {
    CAPTURE(text);
    const auto fields = parse_urlencoded(text);
    REQUIRE_FALSE(fields.has_value());
    CHECK(fields.error() == "must be percent-encoded UTF-8 without NUL");
  }
}

TEST_CASE("urlencoded: the number of fields is bounded", "[http][form]") {
  CHECK(parse_urlencoded("a&b", 2).has_value());
  CHECK(parse_urlencoded("a&b&c", 2).error() == "must have at most 2 parameters");
}

}  // namespace
}  // namespace cohort::http
