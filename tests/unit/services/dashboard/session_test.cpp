// SPDX-License-Identifier: BSL-1.0
#include "services/dashboard/session.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/services/dashboard/dashboard_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

std::string sign_in(std::string_view key_field, std::string_view other_fields = {}) {
  return "POST /session HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n" + std::string{key_field} +
         std::string{other_fields} + "\r\n";
}

std::string renewal(const std::string& cookie, std::string_view other_fields = {}) {
  return "POST /session/renewal HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\nCookie: " + cookie + "\r\n" +
         std::string{other_fields} + "\r\n";
}

std::string sign_out(const std::string& cookie, std::string_view other_fields = {}) {
  return "DELETE /session HTTP/1.1\r\nHost: test\r\nCookie: " + cookie + "\r\n" + std::string{other_fields} + "\r\n";
}

/// Returns the `name=value` of a Set-Cookie value, as a browser sends it in Cookie.
std::string cookie_pair(const std::string& set_cookie) { return set_cookie.substr(0, set_cookie.find(';')); }

std::string cookie_in(const received_response& response) {
  REQUIRE(response.header("Set-Cookie").has_value());
  return cookie_pair(*response.header("Set-Cookie"));
}

struct authenticated_dashboard_fixture : dashboard_fixture {
  explicit authenticated_dashboard_fixture(http::server_settings custom_settings = {}) : dashboard_fixture("key") {
    server_settings = std::move(custom_settings);
    serve_dashboard();
  }
  int get_status(const std::string& cookie) {
    return response_to(get("/api/time-proxy", "Cookie: " + cookie + "\r\n")).status;
  }
};

TEST_CASE("session: the cookie issued for the key authenticates requests", "[services][dashboard]") {
  authenticated_dashboard_fixture fixture;
  const auto response = fixture.response_to(sign_in("X-API-Key: key\r\n"));
  CHECK(response.status == 204);
  const auto cookie = cookie_in(response);
  const auto value = *response.header("Set-Cookie");
  for (const auto* attribute : {"; HttpOnly", "; SameSite=Strict", "; Path=/", "; Max-Age=900"}) {
    CHECK(value.find(attribute) != std::string::npos);
  }
  CHECK(value.find("Secure") == std::string::npos);
  CHECK(fixture.get_status(cookie) == 200);
  CHECK(fixture.get_status("a=b; " + cookie + "; c=d") == 200);
  CHECK(fixture.response_to(get("/api/time-proxy")).status == 401);
}

TEST_CASE("session: the cookie is Secure if the client used TLS to a trusted proxy", "[services][dashboard]") {
  const bool is_trusted = GENERATE(true, false);
  http::server_settings settings;
  if (is_trusted) settings.trusted_proxies = *net::network_list::parse("192.0.2.1");
  authenticated_dashboard_fixture fixture{settings};
  const auto response = fixture.response_to(sign_in("X-API-Key: key\r\n", "X-Forwarded-Proto: https\r\n"));
  CHECK(response.header("Set-Cookie")->ends_with("; Secure") == is_trusted);
}

TEST_CASE("session: no cookie is issued without the valid key", "[services][dashboard]") {
  authenticated_dashboard_fixture fixture;
  const auto* const line = GENERATE("", "X-API-Key: wrong\r\n", "Cookie: cohort_session=9999999999.abc\r\n");
  const auto response = fixture.response_to(sign_in(line));
  CHECK(response.status == 401);
  CHECK_FALSE(response.header("Set-Cookie").has_value());
}

TEST_CASE("session: a cookie expires after 15 minutes of wall-clock time", "[services][dashboard]") {
  authenticated_dashboard_fixture fixture;
  const auto cookie = cookie_in(fixture.response_to(sign_in("X-API-Key: key\r\n")));
  fixture.time.step_wall_clock(15min - 2s);
  CHECK(fixture.get_status(cookie) == 200);
  fixture.time.step_wall_clock(3s);
  CHECK(fixture.get_status(cookie) == 401);
  CHECK(fixture.response_to(renewal(cookie)).status == 401);
}

TEST_CASE("session: a renewed cookie continues the session for at most 12 hours", "[services][dashboard]") {
  authenticated_dashboard_fixture fixture;
  auto cookie = cookie_in(fixture.response_to(sign_in("X-API-Key: key\r\n")));
  for (int i = 0; i < 71; ++i) {
    fixture.time.step_wall_clock(10min);
    const auto renewed_response = fixture.response_to(renewal(cookie));
    REQUIRE(renewed_response.status == 204);
    REQUIRE(cookie_in(renewed_response) != cookie);
    cookie = cookie_in(renewed_response);
  }
  // A cookie that is renewed 11 h 50 min after the start does not outlive the session.
  CHECK(fixture.response_to(renewal(cookie)).header("Set-Cookie")->find("; Max-Age=600;") != std::string::npos);
  CHECK(fixture.get_status(cookie) == 200);
  fixture.time.step_wall_clock(10min);
  CHECK(fixture.get_status(cookie) == 401);
  CHECK(fixture.response_to(renewal(cookie)).status == 401);
}

TEST_CASE("session: a renewal needs a valid session", "[services][dashboard]") {
  authenticated_dashboard_fixture fixture;
  CHECK(fixture.response_to(renewal("a=b")).status == 401);
  CHECK(fixture.response_to(renewal("cohort_session=key-1:a:1:9999999999.abc")).status == 401);
  CHECK_FALSE(fixture.response_to(renewal("a=b")).header("Set-Cookie").has_value());
}

TEST_CASE("session: signing out invalidates all cookies of the session immediately", "[services][dashboard]") {
  authenticated_dashboard_fixture fixture;
  const auto first = cookie_in(fixture.response_to(sign_in("X-API-Key: key\r\n")));
  const auto other_cookie = cookie_in(fixture.response_to(sign_in("X-API-Key: key\r\n")));
  fixture.time.step_wall_clock(5min);
  const auto renewed_cookie = cookie_in(fixture.response_to(renewal(first)));
  CHECK(fixture.response_to(sign_out(renewed_cookie)).status == 204);
  for (const auto& cookie : {first, renewed_cookie}) {
    CHECK(fixture.get_status(cookie) == 401);
    CHECK(fixture.response_to(renewal(cookie)).status == 401);
  }
  CHECK(fixture.get_status(other_cookie) == 200);
}

TEST_CASE("session: pages of another origin can neither end nor renew a session", "[services][dashboard]") {
  authenticated_dashboard_fixture fixture;
  const auto cookie = cookie_in(fixture.response_to(sign_in("X-API-Key: key\r\n")));
  const auto [fields, is_allowed] = GENERATE(table<std::string, bool>({
      {"", true},
      {"Origin: http://test\r\n", true},
      {"Origin: https://test\r\nSec-Fetch-Site: same-origin\r\n", true},
      {"Origin: http://test:8080\r\n", false},
      {"Origin: http://other\r\n", false},
      {"Origin: null\r\n", false},
      {"Origin: http://test\r\nSec-Fetch-Site: same-site\r\n", false},
      {"Sec-Fetch-Site: cross-site\r\n", false},
  }));
  CAPTURE(fields);
  CHECK(fixture.response_to(renewal(cookie, fields)).status == (is_allowed ? 204 : 403));
  CHECK(fixture.response_to(sign_out(cookie, fields)).status == (is_allowed ? 204 : 403));
  CHECK(fixture.get_status(cookie) == (is_allowed ? 401 : 200));
}

TEST_CASE("session: a cookie that was modified in any byte is invalid", "[services][dashboard]") {
  authenticated_dashboard_fixture fixture;
  const auto cookie = cookie_in(fixture.response_to(sign_in("X-API-Key: key\r\n")));
  const auto name = std::string{"cohort_session="}.size();
  for (auto at = name; at < cookie.size(); at += 7) {
    auto forged_cookie = cookie;
    forged_cookie[at] = forged_cookie[at] == '1' ? '2' : '1';
    CAPTURE(forged_cookie);
    CHECK(fixture.get_status(forged_cookie) == 401);
  }
  const auto dot = cookie.rfind('.');
  const auto text = cookie.substr(name, dot - name);
  const auto signature = cookie.substr(dot + 1);
  for (const auto& forged_cookie : std::vector<std::string>{
           "cohort_session=" + text + "0." + signature, "cohort_session=key-1:a:1:99999999999." + signature,
           "cohort_session=" + text + ".", "cohort_session=." + signature, "cohort_session=" + text,
           "cohort_session=key-2" + cookie.substr(cookie.find(':')), "cohort_session=", "cohort_session", cookie + "0",
           cookie.substr(0, cookie.size() - 1), "cohort_sessions" + cookie.substr(name - 1), "x" + cookie}) {
    CAPTURE(forged_cookie);
    CHECK(fixture.get_status(forged_cookie) == 401);
  }
}

TEST_CASE("session: a cookie is valid only for its secret and API key", "[services][dashboard]") {
  authenticated_dashboard_fixture fixture;
  const auto now = fixture.time.event_loop().wall_now();
  const auto [secret, key, valid] = GENERATE(table<std::string, std::string, bool>({
      {session_secret, "key", true},
      {"another secret", "key", false},
      {session_secret, "another key", false},
      {"", "key", false},
  }));
  const config::api_key_set keys{key};
  const dashboard::session_cookies other_cookies{secret, keys};
  CHECK(fixture.get_status(cookie_pair(other_cookies.issue(keys.get().front(), now, false))) == (valid ? 200 : 401));
}

TEST_CASE("session: the replacement of the API key ends the sessions of the previous key",
          "[services][dashboard][case-5.4]") {
  authenticated_dashboard_fixture fixture;
  const auto cookie = cookie_in(fixture.response_to(sign_in("X-API-Key: key\r\n")));
  CHECK(fixture.get_status(cookie) == 200);
  fixture.api_key.replace("new");
  CHECK(fixture.get_status(cookie) == 401);
  CHECK(fixture.get_status(cookie_in(fixture.response_to(sign_in("X-API-Key: new\r\n")))) == 200);
}

TEST_CASE("session: a removed key ends its sessions, and not those of other keys", "[services][dashboard]") {
  authenticated_dashboard_fixture fixture;
  fixture.api_key.replace(config::api_key_list{{"alice", "key"}, {"bob", "other"}});
  const auto alice_cookie = cookie_in(fixture.response_to(sign_in("X-API-Key: key\r\n")));
  const auto bob = cookie_in(fixture.response_to(sign_in("X-API-Key: other\r\n")));
  CHECK(fixture.get_status(alice_cookie) == 200);
  fixture.api_key.replace(config::api_key_list{{"bob", "other"}, {"alice", "changed"}});
  CHECK(fixture.get_status(alice_cookie) == 401);
  CHECK(fixture.get_status(bob) == 200);
}

TEST_CASE("session: without a secret each process uses a random secret", "[services][dashboard]") {
  authenticated_dashboard_fixture fixture;
  const auto now = fixture.time.event_loop().wall_now();
  const dashboard::session_cookies other_cookies{"", fixture.api_key};
  CHECK(fixture.get_status(cookie_pair(other_cookies.issue(fixture.api_key.get().front(), now, false))) == 401);
}

TEST_CASE("session: sign-in attempts with invalid keys are throttled", "[services][dashboard]") {
  authenticated_dashboard_fixture fixture;
  for (int i = 0; i < 10; ++i) CHECK(fixture.response_to(sign_in("X-API-Key: guess\r\n")).status == 401);
  const auto throttled_response = fixture.response_to(sign_in("X-API-Key: guess\r\n"));
  CHECK(throttled_response.status == 429);
  CHECK(throttled_response.header("Retry-After") == "60");
  CHECK(fixture.response_to(sign_in("X-API-Key: key\r\n")).status == 204);
}

TEST_CASE("session: a cookie does not replace an invalid key", "[services][dashboard]") {
  authenticated_dashboard_fixture fixture;
  const auto cookie = cookie_in(fixture.response_to(sign_in("X-API-Key: key\r\n")));
  CHECK(fixture.response_to(get("/api/time-proxy", "Cookie: " + cookie + "\r\nX-API-Key: wrong\r\n")).status == 401);
}

TEST_CASE("session: signing out removes the cookie", "[services][dashboard]") {
  authenticated_dashboard_fixture fixture;
  const auto response = fixture.response_to("DELETE /session HTTP/1.1\r\nHost: test\r\n\r\n");
  CHECK(response.status == 204);
  CHECK(response.header("Set-Cookie") == "cohort_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict");
}

TEST_CASE("session: without an API key no cookie is issued", "[services][dashboard]") {
  dashboard_fixture fixture;
  fixture.serve_dashboard();
  const auto response = fixture.response_to(sign_in(""));
  CHECK(response.status == 204);
  CHECK_FALSE(response.header("Set-Cookie").has_value());
  const auto renewed_response = fixture.response_to(renewal("a=b"));
  CHECK(renewed_response.status == 200);
  CHECK(renewed_response.body == R"({"session":"not required"})");
}

}  // namespace
}  // namespace cohort
