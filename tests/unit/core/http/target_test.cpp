#include "core/http/target.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace cohort::http {
namespace {

TEST_CASE("A target is split into its path and its query") {
  struct row {
    std::string_view target;
    std::string_view path;
    std::string_view query;
  };
  const auto each = GENERATE(values<row>({{"/", "/", ""},
                                          {"/a/b", "/a/b", ""},
                                          {"/a?b=c", "/a", "b=c"},
                                          {"/a?", "/a", ""},
                                          {"/a?b?c/d", "/a", "b?c/d"},
                                          {"/a%2Fb", "/a%2Fb", ""},
                                          {"//a", "//a", ""},
                                          {"/\xC3\xA4", "/\xC3\xA4", ""},
                                          {"*", "*", ""},
                                          {"http://host", "/", ""},
                                          {"http://host/", "/", ""},
                                          {"http://host:80/a?b", "/a", "b"},
                                          {"https://host/a", "/a", ""},
                                          {"HTTP://host/a", "/a", ""},
                                          {"http://host?b", "/", "b"}}));
  CAPTURE(each.target);
  const auto parts = split_target(each.target);
  REQUIRE(parts.has_value());
  CHECK(parts->path == each.path);
  CHECK(parts->query == each.query);
}

TEST_CASE("What is no target is none") {
  using namespace std::string_view_literals;
  const auto target = GENERATE(""sv, "a"sv, "host:80"sv, "?a"sv, "**"sv, "*/a"sv, "ftp://host/"sv, "http:/a"sv,
                               "http:///a"sv, "http://?a"sv, "/a b"sv, "/a#b"sv, "/a\tb"sv, "/a\0b"sv, "/\x7f"sv,
                               "/%"sv, "/%1"sv, "/%zz"sv, "/a%0"sv, "/%00"sv, "/a?b=%"sv, "/a?b=%00"sv);
  CAPTURE(target);
  CHECK_FALSE(split_target(target).has_value());
}

TEST_CASE("Percent-decoding gives the bytes, or nothing if it is broken") {
  CHECK(percent_decoded("a%20b%2f%C3%a4") == "a b/\xC3\xA4");
  CHECK(percent_decoded("a+b") == "a+b");
  CHECK(percent_decoded("a+b%2B", true) == "a b+");
  CHECK(percent_decoded("%2525") == "%25");
  CHECK(percent_decoded("") == "");
  for (const auto* broken : {"%", "a%2", "%g0", "%0g", "%%41"}) {
    CAPTURE(broken);
    CHECK_FALSE(percent_decoded(broken).has_value());
  }
}

TEST_CASE("A query's value is the first of its name, decoded") {
  struct row {
    std::string_view query;
    std::string_view name;
    std::optional<std::string> value;
  };
  const auto each = GENERATE(values<row>({{"a=1&b=2", "b", "2"},
                                          {"a=1&a=2", "a", "1"},
                                          {"a", "a", ""},
                                          {"a=", "a", ""},
                                          {"a=b=c", "a", "b=c"},
                                          {"a=x%26b=y&b=z", "b", "z"},
                                          {"%61=1", "a", "1"},
                                          {"location=Tel+Aviv%2CIsrael", "location", "Tel Aviv,Israel"},
                                          {"a=%zz", "a", std::nullopt},
                                          {"%zz=1&a=2", "a", "2"},
                                          {"&&a=1&", "a", "1"},
                                          {"aa=1", "a", std::nullopt},
                                          {"", "a", std::nullopt}}));
  CAPTURE(each.query, each.name);
  CHECK(query_value(each.query, each.name) == each.value);
}

}  // namespace
}  // namespace cohort::http
