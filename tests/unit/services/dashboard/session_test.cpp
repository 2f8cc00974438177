#include "services/dashboard/session.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/services/dashboard/dashboard_stage.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

std::string sign_in(std::string_view key_line, std::string_view more = {}) {
  return "POST /session HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n" + std::string{key_line} + std::string{more} +
         "\r\n";
}

/// `name=value` of a Set-Cookie value, as a browser sends it back.
std::string pair_of(const std::string& set_cookie) { return set_cookie.substr(0, set_cookie.find(';')); }

std::string cookie_from(const received& answer) {
  REQUIRE(answer.header("Set-Cookie").has_value());
  return pair_of(*answer.header("Set-Cookie"));
}

struct closed_dashboard : dashboard_stage {
  closed_dashboard() : dashboard_stage("key") { serve_dashboard(); }
  int status_with(const std::string& cookie) {
    return answer_to(get("/api/time-proxy", "Cookie: " + cookie + "\r\n")).status;
  }
};

TEST_CASE("Whoever has shown the key once is let in with the cookie") {
  closed_dashboard stage;
  const auto welcome = stage.answer_to(sign_in("X-API-Key: key\r\n"));
  CHECK(welcome.status == 204);
  const auto cookie = cookie_from(welcome);
  const auto value = *welcome.header("Set-Cookie");
  for (const auto* attribute : {"; HttpOnly", "; SameSite=Strict", "; Path=/", "; Max-Age=43200"}) {
    CHECK(value.find(attribute) != std::string::npos);
  }
  CHECK(value.find("Secure") == std::string::npos);
  CHECK(stage.status_with(cookie) == 200);
  CHECK(stage.status_with("a=b; " + cookie + "; c=d") == 200);
  CHECK(stage.answer_to(get("/api/time-proxy")).status == 401);
}

TEST_CASE("The cookie stays with TLS where the browser came by it") {
  closed_dashboard stage;
  const auto welcome = stage.answer_to(sign_in("X-API-Key: key\r\n", "X-Forwarded-Proto: https\r\n"));
  CHECK(welcome.header("Set-Cookie")->ends_with("; Secure"));
}

TEST_CASE("Without the right key there is no cookie") {
  closed_dashboard stage;
  const auto* const line = GENERATE("", "X-API-Key: wrong\r\n", "Cookie: cohort_session=9999999999.abc\r\n");
  const auto refused = stage.answer_to(sign_in(line));
  CHECK(refused.status == 401);
  CHECK_FALSE(refused.header("Set-Cookie").has_value());
}

TEST_CASE("A session ends after twelve hours of the calendar") {
  closed_dashboard stage;
  const auto cookie = cookie_from(stage.answer_to(sign_in("X-API-Key: key\r\n")));
  stage.time.step_wall_clock(12h - 2s);
  CHECK(stage.status_with(cookie) == 200);
  stage.time.step_wall_clock(3s);
  CHECK(stage.status_with(cookie) == 401);
}

TEST_CASE("A cookie that was changed in any byte is not believed") {
  closed_dashboard stage;
  const auto cookie = cookie_from(stage.answer_to(sign_in("X-API-Key: key\r\n")));
  const auto name = std::string{"cohort_session="}.size();
  for (auto at = name; at < cookie.size(); at += 7) {
    auto forged = cookie;
    forged[at] = forged[at] == '1' ? '2' : '1';
    CAPTURE(forged);
    CHECK(stage.status_with(forged) == 401);
  }
  const auto dot = cookie.find('.');
  const auto expires = cookie.substr(name, dot - name);
  const auto signature = cookie.substr(dot + 1);
  for (const auto& forged : std::vector<std::string>{
           "cohort_session=" + expires + "0." + signature, "cohort_session=99999999999." + signature,
           "cohort_session=" + expires + ".", "cohort_session=." + signature, "cohort_session=" + expires,
           "cohort_session=", "cohort_session", cookie + "0", cookie.substr(0, cookie.size() - 1),
           "cohort_sessions" + cookie.substr(name - 1), "x" + cookie}) {
    CAPTURE(forged);
    CHECK(stage.status_with(forged) == 401);
  }
}

TEST_CASE("A cookie is bound to the secret and to the key: with another one it is worth nothing") {
  closed_dashboard stage;
  const auto now = stage.time.main_loop().wall_now();
  const auto [secret, key, valid] = GENERATE(table<std::string, std::string, bool>({
      {signing_secret, "key", true},
      {"another secret", "key", false},
      {signing_secret, "another key", false},
      {"", "key", false},
  }));
  const dashboard::session_cookies other{secret, key};
  CHECK(stage.status_with(pair_of(other.issue(now, false))) == (valid ? 200 : 401));
}

TEST_CASE("Without a secret of its own each process signs with one that nobody knows") {
  const dashboard::session_cookies one{"", "key"};
  const dashboard::session_cookies two{"", "key"};
  CHECK(one.issue(wall_time{}, false) == one.issue(wall_time{}, false));
  CHECK(one.issue(wall_time{}, false) != two.issue(wall_time{}, false));
}

TEST_CASE("A wrong key is not made right by a cookie") {
  closed_dashboard stage;
  const auto cookie = cookie_from(stage.answer_to(sign_in("X-API-Key: key\r\n")));
  CHECK(stage.answer_to(get("/api/time-proxy", "Cookie: " + cookie + "\r\nX-API-Key: wrong\r\n")).status == 401);
}

TEST_CASE("Signing out takes the cookie away") {
  closed_dashboard stage;
  const auto goodbye = stage.answer_to("DELETE /session HTTP/1.1\r\nHost: test\r\n\r\n");
  CHECK(goodbye.status == 204);
  CHECK(goodbye.header("Set-Cookie") == "cohort_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict");
}

TEST_CASE("Where no key is asked for, no session is needed") {
  dashboard_stage stage;
  stage.serve_dashboard();
  const auto welcome = stage.answer_to(sign_in(""));
  CHECK(welcome.status == 204);
  CHECK_FALSE(welcome.header("Set-Cookie").has_value());
}

}  // namespace
}  // namespace cohort
