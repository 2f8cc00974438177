// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/http_url.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace cohort {
namespace {

TEST_CASE("is_http_url: an absolute http or https URL with a host is valid", "[http][message]") {
  const auto* url = GENERATE("http://a", "https://example.org/", "HTTP://example.org:8080/a%20b?c=d&e#f",
                             "http://[::1]/", "http://127.0.0.1?a=/");
  CAPTURE(url);
  CHECK(http::is_http_url(url));
}

TEST_CASE(
    "is_http_url: schemes other than http and https, relative and malformed URLs, and user information are invalid",
    "[http][message]") {
  const auto* url = GENERATE("", "example.org", "/a", "//example.org/a", "ftp://example.org/", "javascript:alert(1)",
                             "http:", "http://", "http:///a", "http://:80/", "http:a", "http://user@example.org/",
                             "http://user:secret@example.org/", "http://127.0.0.1:80x", "http://a b/", "http://a/%zz",
                             "http://a/\r\nb", "http://a\\b");
  CAPTURE(url);
  CHECK_FALSE(http::is_http_url(url));
}

}  // namespace
}  // namespace cohort
