// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/request/target.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace cohort::http {
namespace {

TEST_CASE("target: path and query are split", "[http][message]") {
  struct row {
    std::string_view target;
    std::string_view path;
    std::string_view query;
  };
  const auto expected = GENERATE(values<row>({{"/", "/", ""},
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
                                              {"http://[::1]:80/a", "/a", ""},
                                              {"https://host/a", "/a", ""},
                                              {"HTTP://host/a", "/a", ""},
                                              {"http://host?b", "/", "b"}}));
  CAPTURE(expected.target);
  const auto parts = split_target(expected.target);
  REQUIRE(parts.has_value());
  CHECK(parts->path == expected.path);
  CHECK(parts->query == expected.query);
}

TEST_CASE("target: unknown forms, fragments, control characters and malformed encodings are invalid",
          "[http][message]") {
  using namespace std::string_view_literals;
  const auto target = GENERATE(""sv, "a"sv, "host:80"sv, "?a"sv, "**"sv, "*/a"sv, "ftp://host/"sv, "http:/a"sv,
                               "http:///a"sv, "http://?a"sv, "/a b"sv, "/a#b"sv, "/a\tb"sv, "/a\0b"sv, "/\x7f"sv,
                               "/%"sv, "/%1"sv, "/%zz"sv, "/a%0"sv, "/%00"sv, "/a?b=%"sv, "/a?b=%00"sv);
  CAPTURE(target);
  CHECK_FALSE(split_target(target).has_value());
}

TEST_CASE("target: an absolute-form without a valid host is invalid", "[http][message][case-1.3]") {
  const auto* target =
      GENERATE("http://:80/health", "http://", "https://", "http://u:p@[zz/health", "http://u@host/", "http://@host/",
               "http://[::1/a", "http://::1/a", "http://host:a/", "http://ho\xC3\xA4st/", "http://a]b/", "http://[]/",
               "http://[::1]a/", "http://[::1]:a/", "http://host:80:80/", "http://host:65536/", "http://[::1]:99999?a");
  CAPTURE(target);
  CHECK_FALSE(split_target(target).has_value());
}

TEST_CASE("target: a host is a name, an IPv4 address or an IP literal, and a port consists of digits",
          "[http][message][case-1.2]") {
  for (const auto* text : {"test",
                           "test:80",
                           "test:",
                           "192.0.2.1",
                           "192.0.2.1:8080",
                           "[::1]",
                           "[2001:db8::1]:80",
                           "[v1.a:b]",
                           "test:65535",
                           "test:0",
                           "[::1]:0000000080",
                           "TEST.example.",
                           "a_b~c",
                           "a%20b",
                           "a%c3%a4:1",
                           "xn--4ca",
                           "[V1.a]",
                           "[VaF.!$&'()*+,;=-._~:x]:80",
                           "[vF.1]:",
                           "[2001:DB8::A]"}) {
    CAPTURE(text);
    CHECK(is_host_and_port(text));
  }
  using namespace std::string_view_literals;
  for (const auto text : {""sv,
                          ":80"sv,
                          "[::1"sv,
                          "::1"sv,
                          "a:b"sv,
                          "a:80b"sv,
                          "a:-1"sv,
                          "%zz"sv,
                          "%4"sv,
                          "a%"sv,
                          "a\x80"sv,
                          "\xC3\xA4"sv,
                          "a]b"sv,
                          "[a]"sv,
                          "[]"sv,
                          "[::1]b"sv,
                          "[::1]:b"sv,
                          "[::g]"sv,
                          "[V1]"sv,
                          "[V.a]"sv,
                          "[Vg.a]"sv,
                          "[V1.]"sv,
                          "[v1.]"sv,
                          "[V1.a"sv,
                          "[V1.a]b"sv,
                          "[V1.a]:b"sv,
                          "[V1.a]:65536"sv,
                          "[V1.a/b]"sv,
                          "[V1.%41]"sv,
                          "[V1.[a]]"sv,
                          "[X1.a]"sv,
                          "a[V1.a]"sv,
                          "a b"sv,
                          "a/b"sv,
                          "a@b"sv,
                          "u:p@a"sv,
                          "a?b"sv,
                          "a#b"sv,
                          "a\\b"sv,
                          "<a>"sv,
                          "\"a\""sv,
                          "a\0b"sv,
                          "a\x7f"sv,
                          "a\tb"sv,
                          "a|b"sv,
                          "a^b"sv,
                          "a`b"sv,
                          "{a}"sv,
                          "a:1:2"sv,
                          "a:65536"sv,
                          "a:99999999999999999999"sv,
                          "[::1]:65536"sv,
                          "a%20b:70000"sv,
                          "a:+80"sv}) {
    CAPTURE(text);
    CHECK_FALSE(is_host_and_port(text));
  }
}

TEST_CASE("percent-decoding: the result is the decoded bytes, or empty for malformed input", "[http][message]") {
  CHECK(percent_decode("a%20b%2f%C3%a4") == "a b/\xC3\xA4");
  CHECK(percent_decode("a+b") == "a+b");
  CHECK(decode_query_component("a+b%2B") == "a b+");
  CHECK(percent_decode("%2525") == "%25");
  CHECK(percent_decode("\xC3\xA4 \"") == "\xC3\xA4 \"");
  CHECK(percent_decode("") == "");
  for (const auto* malformed : {"%", "a%2", "%g0", "%0g", "%%41"}) {
    CAPTURE(malformed);
    CHECK_FALSE(percent_decode(malformed).has_value());
    CHECK_FALSE(decode_query_component(malformed).has_value());
  }
}

TEST_CASE("query: the decoded value of the first parameter with the name is returned", "[http][message]") {
  struct row {
    std::string_view query;
    std::string_view name;
    std::optional<std::string> value;
  };
  const auto expected = GENERATE(values<row>({{"a=1&b=2", "b", "2"},
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
  CAPTURE(expected.query, expected.name);
  CHECK(query_value(expected.query, expected.name) == expected.value);
}

}  // namespace
}  // namespace cohort::http
