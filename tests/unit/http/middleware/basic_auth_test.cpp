// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/middleware/basic_auth.hpp>

#include <catch2/catch_test_macros.hpp>
#include <stdexcept>

#include "tests/unit/http/server/server_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

TEST_CASE("basic authentication: requests with valid credentials reach the handler, all others are rejected with 401",
          "[http][middleware]") {
  server_fixture server;
  server.routes.use(http::basic_auth("admin area", {{"Aladdin", "open sesame"}, {"empty", ""}}));
  server.routes.get("/",
                    [](request_context& context) { return text_response(context.require<http::basic_user>().name); });
  const auto response_to_credentials = [&](const std::string& credentials) {
    return server.response_to(get("/", "Authorization: " + credentials + "\r\n"));
  };
  // RFC 7617 section 2 contains this example.
  CHECK(response_to_credentials("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==").body == "Aladdin");
  CHECK(response_to_credentials("basic   QWxhZGRpbjpvcGVuIHNlc2FtZQ==").body == "Aladdin");
  CHECK(response_to_credentials("Basic ZW1wdHk6").body == "empty");
  for (const auto* credentials :
       {"Basic QWxhZGRpbjpvcGVuIHNlc2FtZg==", "Basic QWxhZGRpbjo=", "Basic QWxhZGRpbg==", "Basic",
        "Basic =", "Basic ====", "Basic QWxh=GRpbjpvcGVuIHNlc2FtZQ==", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ", "Basic !!!!",
        "Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "BasicQWxhZGRpbjpvcGVuIHNlc2FtZQ==",
        "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\nAuthorization: Basic ZW1wdHk6"}) {
    CAPTURE(credentials);
    CHECK(response_to_credentials(credentials).status == 401);
  }
  const auto rejected_response = server.response_to(get("/"));
  CHECK(rejected_response.status == 401);
  CHECK(rejected_response.header("WWW-Authenticate") == "Basic realm=\"admin area\", charset=\"UTF-8\"");
}

TEST_CASE("basic authentication: an invalid user name or realm is rejected", "[http][middleware]") {
  CHECK_THROWS_AS(http::basic_auth("realm", {{"a:b", "password"}}), std::invalid_argument);
  CHECK_THROWS_AS(http::basic_auth("a\"b", {}), std::invalid_argument);
  CHECK_THROWS_AS(http::basic_auth("a\r\nb", {}), std::invalid_argument);
}

}  // namespace
}  // namespace cohort
