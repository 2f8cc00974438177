// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <string>

#include <cohort/http/message/conditional/http_date.hpp>

namespace cohort {
namespace {

using std::chrono::seconds;

TEST_CASE("http date: the three formats of RFC 9110 are parsed", "[http][message]") {
  constexpr std::chrono::sys_seconds example{seconds{784111777}};
  CHECK(http::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT") == example);
  CHECK(http::parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT") == example);
  CHECK(http::parse_http_date("Sun Nov  6 08:49:37 1994") == example);
  CHECK(http::parse_http_date("Fri, 31 Dec 9999 23:59:59 GMT")->time_since_epoch() == seconds{253402300799});
}

TEST_CASE("http date: a date whose day does not exist in its month is invalid", "[http][message]") {
  CHECK_FALSE(http::parse_http_date("Mon, 31 Nov 2026 02:02:47 GMT"));
  CHECK_FALSE(http::parse_http_date("Sunday, 29-Feb-26 02:02:47 GMT"));
  CHECK_FALSE(http::parse_http_date("Sat Feb 30 02:02:47 2024"));
  CHECK_FALSE(http::parse_http_date("Sat, 00 Feb 2024 02:02:47 GMT"));
  CHECK(http::parse_http_date("Thu, 29 Feb 2024 02:02:47 GMT"));
  CHECK(http::parse_http_date("Tue, 31 Dec 2024 23:59:60 GMT"));  // a leap second
}

TEST_CASE("http date: text before or after a date makes the value invalid", "[http][message]") {
  const std::string date = "Sun, 06 Nov 1994 08:49:37 GMT";
  CHECK_FALSE(http::parse_http_date(""));
  CHECK_FALSE(http::parse_http_date("x" + date));
  CHECK_FALSE(http::parse_http_date(date + "x"));
  CHECK_FALSE(http::parse_http_date(date + '\0'));
  CHECK_FALSE(http::parse_http_date(date + '\0' + "x"));
  CHECK_FALSE(http::parse_http_date(date + std::string(5000, ' ')));
  CHECK_FALSE(http::parse_http_date(date.substr(0, 28)));
}

}  // namespace
}  // namespace cohort
