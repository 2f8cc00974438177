#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "core/http/client.hpp"
#include "tests/unit/core/http/client_site.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

std::string redirect_to(std::string_view location, int code = 302) {
  return "HTTP/1.1 " + std::to_string(code) + " Elsewhere\r\nContent-Length: 0\r\nLocation: " + std::string{location} +
         "\r\n\r\n";
}

http::client_request following(unsigned redirects, std::string_view url = "http://site.test/a/b?c=d") {
  auto request = get_url(url);
  request.redirects = redirects;
  return request;
}

TEST_CASE("A redirect is followed, as often as the call allows, on the same connection") {
  called_site site;
  const auto code = GENERATE(301, 302, 303, 307, 308);
  auto call = site.start(following(2));
  auto& server = site.newest();
  CHECK(server.take_request().start_line == "GET /a/b?c=d HTTP/1.1");
  server.send(redirect_to("/one", code));
  CHECK(server.take_request().start_line == "GET /one HTTP/1.1");
  server.send(redirect_to("/two", code));
  CHECK(server.take_request().start_line == "GET /two HTTP/1.1");
  SECTION("and the answer at its end is the call's") {
    server.send(ok("there"));
    CHECK(call.answer().body == "there");
  }
  SECTION("and one more is too many") {
    server.send(redirect_to("/three", code));
    CHECK(call.error() == client_error::too_many_redirects);
  }
  CHECK(site.connections() == 1);
}

TEST_CASE("A Location is taken relative to the URL that was asked") {
  called_site site;
  const auto [location, target] = GENERATE(table<std::string, std::string>({
      {"x", "/a/x"},
      {"../x", "/x"},
      {"?q", "/a/b?q"},
      {"/x?y=z", "/x?y=z"},
      {"//site.test/x", "/x"},
      {"http://site.test/x#part", "/x"},
      {"HTTP://site.test:80/x", "/x"},
  }));
  CAPTURE(location);
  const auto call = site.start(following(1));
  auto& server = site.newest();
  server.take_request();
  server.send(redirect_to(location));
  CHECK(server.take_request().start_line == "GET " + target + " HTTP/1.1");
  CHECK(site.connections() == 1);
}

TEST_CASE("A redirect to the same origin takes the fields along, one to another only what is harmless") {
  called_site site;
  site.network.add_name("other.test", {called_site::address("192.0.2.80")});
  site.listen("192.0.2.80", 8080);
  auto request = following(2);
  request.fields = {{"X-API-Key", "secret"}, {"Cookie", "a=b"}, {"Accept", "text/plain"}, {"User-Agent", "me"}};
  auto call = site.start(std::move(request));
  site.newest().take_request();
  SECTION("same origin") {
    site.newest().send(redirect_to("/x"));
    const auto got = site.newest().take_request();
    CHECK(got.header("X-API-Key") == "secret");
    CHECK(got.header("Cookie") == "a=b");
  }
  SECTION("another host, another port") {
    site.newest().send(redirect_to(GENERATE("http://other.test/", "http://site.test:8080/")));
    const auto got = site.newest().take_request();
    CHECK_FALSE(got.header("X-API-Key").has_value());
    CHECK_FALSE(got.header("Cookie").has_value());
    CHECK(got.header("Accept") == "text/plain");
    CHECK(got.header("User-Agent") == "me");
    // And they are not back when it leads back.
    site.newest().send(redirect_to("http://site.test/x"));
    CHECK(site.connections() == 2);
    CHECK_FALSE(site.connection(0).take_request().header("X-API-Key").has_value());
  }
}

TEST_CASE("A HEAD is redirected as HEAD; what may change something is not redirected") {
  called_site site;
  const auto verb = GENERATE(http::method::head, http::method::post, http::method::put, http::method::delete_);
  auto request = with_verb(verb);
  request.redirects = 5;
  auto call = site.start(std::move(request));
  auto& server = site.newest();
  server.take_request();
  server.send(redirect_to("/x"));
  if (verb == http::method::head) {
    CHECK(server.take_request().start_line == "HEAD /x HTTP/1.1");
    return;
  }
  CHECK(call.answer().code_number == 302);
  CHECK(call.answer().find("Location") == "/x");
}

TEST_CASE("A redirect is the answer where none is wanted, and where it does not say where to") {
  called_site site;
  CHECK(site.answer_for(following(0), redirect_to("/x")).code_number == 302);
  CHECK(site.answer_for(following(3), "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n").code_number == 302);
  CHECK(site.answer_for(following(3), "HTTP/1.1 304 Not Modified\r\nLocation: /x\r\n\r\n").code_number == 304);
  CHECK(site.connections() == 1);
}

TEST_CASE("A Location that cannot be called ends the call") {
  called_site site;
  const auto* const location =
      GENERATE("http://[", "ht tp://x", "ftp://site.test/", "javascript:alert(1)", "http:///x", "/a b", "%zz");
  CAPTURE(location);
  CHECK(site.error_for(following(3), redirect_to(location)) == client_error::bad_url);
}

TEST_CASE("A redirect gets no more time than the call had") {
  called_site site;
  auto call = site.start(following(5), 4s);
  auto& server = site.newest();
  const auto start = site.time.now();
  for (int i = 0; i < 3; ++i) {
    server.take_request();
    site.time.run_for(1s);
    server.send(redirect_to("/x"));
  }
  server.take_request();
  CHECK(call.error() == client_error::answer_timeout);
  CHECK(site.time.now() - start < 5s);
}

}  // namespace
}  // namespace cohort
