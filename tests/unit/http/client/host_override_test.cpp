// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/http/client/client_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

http::client_request request_for_host(std::string host) {
  auto request = get_request("http://site.test/");
  request.host = std::move(host);
  return request;
}

TEST_CASE("host override: the host of a request replaces the host of the URL in Host", "[http][client][case-4.4]") {
  client_fixture fixture;
  const std::string host = GENERATE("shop.example", "shop.example:8443", "[2001:db8::7]", "192.0.2.7:80");
  const auto call = fixture.start(request_for_host(host));
  const auto received_request = fixture.newest_connection().read_request();
  CHECK(received_request.header("Host") == host);
  CHECK(received_request.headers.size() == 3);
}

TEST_CASE("host override: an invalid host is rejected before a connection is made", "[http][client][case-4.4]") {
  client_fixture fixture;
  auto call = fixture.start(request_for_host(GENERATE("a b", "user@a", "a:b", "[::1", "a\r\nX-Evil: 1", "a/b", ":80")));
  CHECK(call.error() == client_error::invalid_request);
  CHECK(fixture.connection_count() == 0);
}

TEST_CASE("host override: the host is kept by a redirect to the same origin only",
          "[http][client][redirect][case-4.4]") {
  client_fixture fixture;
  fixture.listen("192.0.2.80", 8080);
  const auto [location, host] = GENERATE(table<std::string, std::string>({
      {"/x", "shop.example"},
      {"http://site.test:8080/", "site.test:8080"},
  }));
  auto request = request_for_host("shop.example");
  request.max_redirects = 1;
  const auto call = fixture.start(std::move(request));
  fixture.newest_connection().read_request();
  fixture.newest_connection().send("HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + location + "\r\n\r\n");
  CHECK(fixture.newest_connection().read_request().header("Host") == host);
}

}  // namespace
}  // namespace cohort
