// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/cookies/cookie_jar.hpp>

#include <boost/url/parse.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/http/client/streaming/streaming_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

constexpr wall_time now{std::chrono::seconds{1'700'000'000}};

boost::urls::url url(std::string_view text) { return boost::urls::url{*boost::urls::parse_uri(text)}; }

TEST_CASE("cookie jar: a cookie is sent to matching hosts, paths and schemes only", "[http][client][cookies]") {
  const auto [cookie, from, to, sent] = GENERATE(table<std::string, std::string, std::string, std::string>({
      {"a=b", "http://x.test/", "http://x.test/c/d", "a=b"},
      {"a=\"b c\"; HttpOnly; SameSite=Lax", "http://x.test/", "http://X.test/", "a=\"b c\""},
      {"a=", "http://x.test", "http://x.test", "a="},
      {"a=b", "http://x.test/", "http://sub.x.test/", ""},
      {"a=b", "http://sub.x.test/", "http://x.test/", ""},
      {"a=b; Domain=.x.test", "http://sub.x.test/", "http://other.x.test/", "a=b"},
      {"a=b; domain=X.test", "http://x.test/", "http://sub.x.test/", "a=b"},
      {"a=b; Domain=x.test", "http://sub.x.test/", "http://evilx.test/", ""},
      {"a=b; Domain=y.test", "http://x.test/", "http://y.test/", ""},
      {"a=b; Domain=sub.x.test", "http://x.test/", "http://sub.x.test/", ""},
      {"a=b; Domain=test", "http://x.test/", "http://x.test/", ""},
      {"a=b; Domain=0.2.1", "http://192.0.2.1/", "http://192.0.2.1/", ""},
      {"a=b; Domain=192.0.2.1", "http://192.0.2.1/", "http://192.0.2.1/", "a=b"},
      {"a=b", "http://x.test/c/d", "http://x.test/c/e", "a=b"},
      {"a=b", "http://x.test/c/d", "http://x.test/", ""},
      {"a=b; Path=/c", "http://x.test/", "http://x.test/c/d", "a=b"},
      {"a=b; Path=/c", "http://x.test/", "http://x.test/cd", ""},
      {"a=b; Path=c", "http://x.test/", "http://x.test/", "a=b"},
      {"a=b; Secure", "https://x.test/", "https://x.test/", "a=b"},
      {"a=b; Secure", "https://x.test/", "http://x.test/", ""},
      {"a=b; Secure", "http://x.test/", "https://x.test/", ""},
      {"a b=c", "http://x.test/", "http://x.test/", ""},
      {"=c", "http://x.test/", "http://x.test/", ""},
      {"a", "http://x.test/", "http://x.test/", ""},
  }));
  CAPTURE(cookie, from, to);
  http::cookie_jar jar;
  jar.store(cookie, url(from), now);
  CHECK(jar.field_value(url(to), now) == sent);
}

TEST_CASE("cookie jar: Max-Age takes precedence over Expires, and an expired cookie is removed",
          "[http][client][cookies]") {
  const auto [attributes, lifetime] = GENERATE(table<std::string, std::optional<std::chrono::seconds>>({
      {"; Max-Age=10", 10s},
      {"; Max-Age=10; Expires=Sun, 06 Nov 1994 08:49:37 GMT", 10s},
      {"; Expires=Tue, 14 Nov 2023 22:13:30 GMT", 10s},
      {"; Expires=Sun, 06 Nov 1994 08:49:37 GMT", 0s},
      {"; Expires=Fri, 31 Dec 9999 23:59:59 GMT", 400 * 24h},
      {"; Max-Age=0", 0s},
      {"; Max-Age=-99999999999999999999", 0s},
      {"; Max-Age=99999999999999999999", 400 * 24h},
      {"; Max-Age=x", std::nullopt},
  }));
  CAPTURE(attributes);
  http::cookie_jar jar;
  const auto site = url("http://x.test/");
  jar.store("a=old", site, now);
  jar.store("a=b" + attributes, site, now);
  CHECK(jar.size() == (lifetime == 0s ? 0 : 1));
  const auto end = now + lifetime.value_or(10000 * 24h);
  CHECK(jar.field_value(site, end - 1s) == (lifetime == 0s ? "" : "a=b"));
  if (lifetime) CHECK(jar.field_value(site, end).empty());
}

TEST_CASE("cookie jar: longer paths are sent first, and an insecure origin does not replace a secure cookie",
          "[http][client][cookies]") {
  http::cookie_jar jar;
  jar.store("a=1; Path=/", url("https://x.test/"), now);
  jar.store("a=2; Path=/c", url("https://x.test/"), now);
  jar.store("s=3; Path=/; Secure", url("https://x.test/"), now);
  jar.store("s=4; Path=/", url("http://x.test/"), now);
  jar.store("a=5; Path=/", url("https://x.test/"), now);
  CHECK(jar.field_value(url("https://x.test/c"), now) == "a=2; a=5; s=3");
}

TEST_CASE("cookie jar: the number and the size of cookies are limited", "[http][client][cookies]") {
  http::cookie_jar jar{{.max_cookies = 3, .max_cookies_per_domain = 2, .max_cookie_bytes = 32}};
  jar.store("a=1", url("http://x.test/"), now);
  jar.store("b=2", url("http://x.test/"), now);
  jar.store("c=3", url("http://x.test/"), now);
  CHECK(jar.field_value(url("http://x.test/"), now) == "b=2; c=3");
  jar.store("d=4", url("http://y.test/"), now);
  jar.store("e=5", url("http://z.test/"), now);
  CHECK(jar.size() == 3);
  CHECK(jar.field_value(url("http://x.test/"), now) == "c=3");
  jar.store("f=" + std::string(40, 'x'), url("http://z.test/"), now);
  CHECK(jar.size() == 3);
}

TEST_CASE("cookie jar: as middleware of an upstream, it stores the cookies of responses and sends them",
          "[http][client][cookies]") {
  streaming_fixture fixture;
  fixture.upstream.use(std::make_shared<http::cookie_jar>());
  const auto call = [&] {
    const call_context context{.deadline = deadline::after(fixture.time.now(), 10s)};
    return fixture.upstream.call(get_request("http://site.test/"), context);
  };
  const spawned_task<http::upstream_result> first{fixture.time, call()};
  auto& server = fixture.newest_connection();
  CHECK_FALSE(server.read_request().header("Cookie").has_value());
  server.send(ok_response("ok", "Set-Cookie: a=b\r\nSet-Cookie: c=d; Path=/other\r\n"));
  fixture.run_ready();
  const spawned_task<http::upstream_result> second{fixture.time, call()};
  fixture.run_ready();
  CHECK(server.read_request().header("Cookie") == "a=b");
  server.send(ok_response("ok"));
  fixture.run_ready();
  CHECK(second.ended());
}

}  // namespace
}  // namespace cohort
