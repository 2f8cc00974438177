// SPDX-License-Identifier: BSL-1.0
#include "loadgen/options/url_parser.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <vector>

namespace cohort {
namespace {

struct url_case {
  std::string text;
  std::string url;
  unsigned weight = 1;
};

TEST_CASE("URL parser: a target URL with @ in its path or query is accepted, and a weight follows the last @",
          "[loadgen][options][case-4.2]") {
  const auto example = GENERATE(from_range(std::vector<url_case>{
      {"http://h/@me", "http://h/@me"},
      {"http://h/@me@3", "http://h/@me", 3},
      {"http://h/mail?to=a@b.example", "http://h/mail?to=a@b.example"},
      {"http://h/mail?to=a@b.example@7", "http://h/mail?to=a@b.example", 7},
      {"me=http://h/@me", "http://h/@me"},
      {"http://h/@3/x", "http://h/@3/x"},
      {"http://h/x@3a", "http://h/x@3a"},
      {"http://h/@", "http://h/@"},
      {"http://h?a@b", "http://h?a@b"},
      {"http://h@5", "http://h", 5},
  }));
  CAPTURE(example.text);
  const auto parsed = loadgen::parse_target_url(example.text);
  REQUIRE(parsed);
  CHECK(std::string{parsed->url.buffer()} == example.url);
  CHECK(parsed->weight == example.weight);
}

TEST_CASE("URL parser: characters that a URL does not allow are encoded in path and query",
          "[loadgen][options][case-4.2]") {
  const auto example = GENERATE(from_range(std::vector<url_case>{
      {"http://h/federate?match[]=up", "http://h/federate?match%5B%5D=up"},
      {"http://h/query?q=up{job=\"x\"}", "http://h/query?q=up%7Bjob=%22x%22%7D"},
      {"http://h/?a=b|c", "http://h/?a=b%7Cc"},
      {"http://h/Z\xc3\xbcrich", "http://h/Z%C3%BCrich"},
      {"http://h/?city=Z\xc3\xbcrich", "http://h/?city=Z%C3%BCrich"},
      {"http://h/a b?c d", "http://h/a%20b?c%20d"},
      {"http://h/100%?p=5%", "http://h/100%25?p=5%25"},
      {"http://h/%2fa%7C?b=%5b", "http://h/%2fa%7C?b=%5b"},
      {"http://h/a^b`c\\d<e>", "http://h/a%5Eb%60c%5Cd%3Ce%3E"},
      {"http://[::1]/a[b]", "http://[::1]/a%5Bb%5D"},
      {"http://h//a[b]", "http://h//a%5Bb%5D"},
      {"http://h?a[]=http://g/[x]", "http://h?a%5B%5D=http://g/%5Bx%5D"},
  }));
  CAPTURE(example.text);
  const auto parsed = loadgen::parse_target_url(example.text);
  REQUIRE(parsed);
  CHECK(std::string{parsed->url.buffer()} == example.url);
}

TEST_CASE("URL parser: scheme and host are not encoded", "[loadgen][options][case-4.2]") {
  const auto* const text = GENERATE("http://Z\xc3\xbcrich.example/", "http://a b/", "http://a|b/", "http://[::1/",
                                    "http://a[b]/", "h[]tp://h/", "http://h%zz/", "http://h:8o/", "http://h:65536/");
  CAPTURE(text);
  CHECK_FALSE(loadgen::parse_target_url(text));
  CHECK_FALSE(loadgen::parse_http_url(text));
}

TEST_CASE("URL parser: control characters, user names and fragments are rejected", "[loadgen][options][case-4.2]") {
  const auto* const text = GENERATE("http://h/\n", "http://h/\x7f", "http://u@h/", "http://u:p@h/", "http://u@h/@3",
                                    "http://h/#a", "http://h/?a#b@3", "http://h/?a=b#");
  CAPTURE(text);
  CHECK_FALSE(loadgen::parse_target_url(text));
}

}  // namespace
}  // namespace cohort
