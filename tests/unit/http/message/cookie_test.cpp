// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/cookie.hpp>

#include <catch2/catch_test_macros.hpp>

namespace cohort::http {
namespace {

using namespace std::chrono_literals;

std::optional<std::string_view> find(std::vector<std::string_view> lines, std::string_view name) {
  request_head head;
  for (const auto line : lines) head.fields.push_back({field::cookie, "Cookie", line});
  return cookie_value(head, name);
}

/// Returns the reason why the cookie is invalid; the result is empty if it is valid.
std::string problem(const set_cookie& cookie) {
  const auto value = cookie.field_value();
  return value ? std::string{} : value.error();
}

TEST_CASE("cookies: the value of the first cookie with exactly this name is returned", "[http][cookie]") {
  CHECK(find({"a=1; b=2"}, "b") == "2");
  CHECK(find({"a=1", "a=3; b=2"}, "b") == "2");
  CHECK(find({"a=1;a=2"}, "a") == "1");
  CHECK(find({"ab=1; a=\"2\""}, "a") == "2");
  CHECK(find({"a="}, "a") == "");
  CHECK(find({"a=b=c"}, "a") == "b=c");
  CHECK_FALSE(find({"A=1; ab=1; a"}, "a").has_value());
  CHECK_FALSE(find({}, "a").has_value());
}

TEST_CASE("cookies: a pair whose value contains invalid characters is ignored", "[http][cookie]") {
  CHECK_FALSE(find({"a=x y"}, "a").has_value());
  CHECK_FALSE(find({"a=x\\"}, "a").has_value());
  CHECK_FALSE(find({"a=\xC3\xA4"}, "a").has_value());
  CHECK(find({"a=x,y; a=2"}, "a") == "2");
}

TEST_CASE("cookies: the defaults of set_cookie are HttpOnly, SameSite=Lax and Secure", "[http][cookie]") {
  CHECK(*set_cookie{.name = "id", .value = "7"}.field_value() == "id=7; Path=/; HttpOnly; SameSite=Lax; Secure");
  CHECK(*set_cookie{.name = "id",
                    .value = "",
                    .path = "/a",
                    .domain = "example.com",
                    .max_age = 0s,
                    .http_only = false,
                    .same_site = same_site::strict,
                    .secure = false}
             .field_value() == "id=; Path=/a; Domain=example.com; Max-Age=0; SameSite=Strict");
}

TEST_CASE("cookies: a cookie that a browser would reject is reported as invalid", "[http][cookie]") {
  CHECK(problem({.name = "__Host-id", .value = "7"}).empty());
  CHECK(problem({.name = "__Secure-id", .value = "7", .domain = "example.com"}).empty());
  CHECK(problem({.name = "__Host-id", .value = "7", .secure = false}) ==
        "a cookie named __Secure- or __Host- must be secure");
  CHECK(problem({.name = "__secure-id", .value = "7", .secure = false}) ==
        "a cookie named __Secure- or __Host- must be secure");
  CHECK(problem({.name = "__Host-id", .value = "7", .path = "/a"}) ==
        "a cookie named __Host- must have the path / and no domain");
  CHECK(problem({.name = "__Host-id", .value = "7", .domain = "example.com"}) ==
        "a cookie named __Host- must have the path / and no domain");
  CHECK(problem({.name = "id", .value = "7", .same_site = same_site::none, .secure = false}) ==
        "a cookie with SameSite=None must be secure");
  CHECK(problem({.name = "i d", .value = "7"}) == "the name of a cookie must be a token");
  CHECK(problem({.name = "id", .value = "7;Domain=evil"}).starts_with("the value of a cookie must not have"));
  CHECK(problem({.name = "id", .value = std::string(4095, 'x')}) ==
        "the name and value of a cookie must have at most 4096 bytes");
  CHECK(problem({.name = "id", .value = "7", .path = "/;x"}).starts_with("the path and domain"));
  CHECK(problem({.name = "id", .value = "7", .path = "a"}) == "the path of a cookie must start with /");
}

TEST_CASE("cookies: add_cookie adds a field for each cookie", "[http][cookie]") {
  response to;
  add_cookie(add_cookie(to, {.name = "a", .value = "1"}), {.name = "b", .value = "2"});
  CHECK(to.header_lines() ==
        "Set-Cookie: a=1; Path=/; HttpOnly; SameSite=Lax; Secure\r\n"
        "Set-Cookie: b=2; Path=/; HttpOnly; SameSite=Lax; Secure\r\n");
  CHECK_THROWS_AS(add_cookie(to, {.name = "a", .value = "\r\n"}), std::invalid_argument);
}

}  // namespace
}  // namespace cohort::http
