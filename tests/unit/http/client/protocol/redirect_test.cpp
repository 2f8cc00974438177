// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/http/client/client_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

std::string redirect_to(std::string_view location, int status = 302) {
  return "HTTP/1.1 " + std::to_string(status) +
         " Elsewhere\r\nContent-Length: 0\r\nLocation: " + std::string{location} + "\r\n\r\n";
}

http::client_request request_with_redirects(unsigned max_redirects, std::string_view url = "http://site.test/a/b?c=d") {
  auto request = get_request(url);
  request.max_redirects = max_redirects;
  return request;
}

TEST_CASE("redirect: redirects are followed up to the maximum, on the same connection", "[http][client][redirect]") {
  client_fixture fixture;
  const auto status = GENERATE(301, 302, 303, 307, 308);
  auto call = fixture.start(request_with_redirects(2));
  auto& server = fixture.newest_connection();
  CHECK(server.read_request().start_line == "GET /a/b?c=d HTTP/1.1");
  server.send(redirect_to("/one", status));
  CHECK(server.read_request().start_line == "GET /one HTTP/1.1");
  server.send(redirect_to("/two", status));
  CHECK(server.read_request().start_line == "GET /two HTTP/1.1");
  SECTION("the last response is returned") {
    server.send(ok_response("there"));
    CHECK(call.response().body == "there");
  }
  SECTION("one more redirect is rejected") {
    server.send(redirect_to("/three", status));
    CHECK(call.error() == client_error::too_many_redirects);
  }
  CHECK(fixture.connection_count() == 1);
}

TEST_CASE("redirect: a location is resolved against the URL of the request", "[http][client][redirect]") {
  client_fixture fixture;
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
  const auto call = fixture.start(request_with_redirects(1));
  auto& server = fixture.newest_connection();
  server.read_request();
  server.send(redirect_to(location));
  CHECK(server.read_request().start_line == "GET " + target + " HTTP/1.1");
  CHECK(fixture.connection_count() == 1);
}

TEST_CASE("redirect: credentials are sent to the same origin only", "[http][client][redirect]") {
  client_fixture fixture;
  fixture.network.add_name("other.test", {client_fixture::address("192.0.2.80")});
  fixture.listen("192.0.2.80", 8080);
  auto request = request_with_redirects(2);
  request.fields = {{"X-API-Key", "secret"}, {"Cookie", "a=b"}, {"Accept", "text/plain"}, {"User-Agent", "me"}};
  auto call = fixture.start(std::move(request));
  fixture.newest_connection().read_request();
  SECTION("same origin") {
    fixture.newest_connection().send(redirect_to("/x"));
    const auto redirected_request = fixture.newest_connection().read_request();
    CHECK(redirected_request.header("X-API-Key") == "secret");
    CHECK(redirected_request.header("Cookie") == "a=b");
  }
  SECTION("other host or port") {
    fixture.newest_connection().send(redirect_to(GENERATE("http://other.test/", "http://site.test:8080/")));
    const auto redirected_request = fixture.newest_connection().read_request();
    CHECK_FALSE(redirected_request.header("X-API-Key").has_value());
    CHECK_FALSE(redirected_request.header("Cookie").has_value());
    CHECK(redirected_request.header("Accept") == "text/plain");
    CHECK(redirected_request.header("User-Agent") == "me");
    // A redirect back to the first origin does not restore the credentials.
    fixture.newest_connection().send(redirect_to("http://site.test/x"));
    CHECK(fixture.connection_count() == 2);
    CHECK_FALSE(fixture.connection(0).read_request().header("X-API-Key").has_value());
  }
}

TEST_CASE("redirect: HEAD is redirected as HEAD, and unsafe methods are not redirected", "[http][client][redirect]") {
  client_fixture fixture;
  const auto method = GENERATE(http::method::head, http::method::post, http::method::put, http::method::delete_);
  auto request = make_request(method);
  request.max_redirects = 5;
  auto call = fixture.start(std::move(request));
  auto& server = fixture.newest_connection();
  server.read_request();
  server.send(redirect_to("/x"));
  if (method == http::method::head) {
    CHECK(server.read_request().start_line == "HEAD /x HTTP/1.1");
    return;
  }
  CHECK(call.response().status_code() == 302);
  CHECK(call.response().find("Location") == "/x");
}

TEST_CASE("redirect: a redirect is returned as the response if no redirect is allowed or it has no location",
          "[http][client][redirect]") {
  client_fixture fixture;
  CHECK(fixture.receive_response(request_with_redirects(0), redirect_to("/x")).status_code() == 302);
  CHECK(fixture.receive_response(request_with_redirects(3), "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n")
            .status_code() == 302);
  CHECK(fixture.receive_response(request_with_redirects(3), "HTTP/1.1 304 Not Modified\r\nLocation: /x\r\n\r\n")
            .status_code() == 304);
  CHECK(fixture.connection_count() == 1);
}

TEST_CASE("redirect: an invalid location is rejected", "[http][client][redirect]") {
  client_fixture fixture;
  const auto* const location =
      GENERATE("http://[", "ht tp://x", "ftp://site.test/", "javascript:alert(1)", "http:///x", "http://:80/",
               "http://127.0.0.1%00.site.test/", "http://site.test%0D%0AX:%20y/", "http://%2Frun%2Fx.sock/",
               "//%2frun%2fx.sock/y");
  CAPTURE(location);
  CHECK(fixture.receive_error(request_with_redirects(3), redirect_to(location)) == client_error::invalid_request);
}

TEST_CASE("redirect: redirects do not extend the deadline", "[http][client][redirect]") {
  client_fixture fixture;
  auto call = fixture.start(request_with_redirects(5), 4s);
  auto& server = fixture.newest_connection();
  const auto start = fixture.time.now();
  for (int i = 0; i < 3; ++i) {
    server.read_request();
    fixture.time.run_for(1s);
    server.send(redirect_to("/x"));
  }
  server.read_request();
  CHECK(call.error() == client_error::response_timeout);
  CHECK(fixture.time.now() - start < 5s);
}

}  // namespace
}  // namespace cohort
