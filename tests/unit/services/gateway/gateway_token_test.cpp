// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>

#include "tests/unit/services/gateway/gateway_fixture.hpp"
#include "tests/unit/services/gateway/signed_token.hpp"

namespace cohort {
namespace {

using test::gateway_fixture;
using test::signing_key;

const char* const routes_with_tokens = R"({
  "upstreams": {"a": {"url": "http://a"}},
  "jwt": {"staff": {"keys": [{"id": "one", "algorithm": "RS256", "file": "staff.pem"}],
                    "issuer": "https://issuer", "audience": "api"}},
  "routes": [{"name": "r", "match": {"path": {"prefix": "/"}}, "backends": [{"upstream": "a"}],
    "auth": {"jwt": "staff", "claim_headers": {"sub": "X-User", "team": "X-Team"}},
    "rate_limit": {"rate": "2/min", "per": "caller"}}]})";

std::string claims_of(gateway_fixture& stack, const std::string& subject) {
  const auto now = std::chrono::floor<std::chrono::seconds>(stack.fleet.event_loop().wall_now().time_since_epoch());
  return R"({"iss":"https://issuer","aud":"api","sub":")" + subject + R"(","exp":)" + std::to_string(now.count() + 60) +
         "}";
}

TEST_CASE("gateway: a token is verified, and its claims become header fields", "[gateway][jwt]") {
  gateway_fixture stack{{"a"}};
  const signing_key key{gateway::jwt_algorithm::RS256};
  stack.directory.write("staff.pem", key.verification_key());
  stack.start(routes_with_tokens);
  const auto call = [&](const std::string& authorization) {
    return stack.call("/", {{"Authorization", authorization},
                            {"X-User", "forged"},
                            {"x_user", "forged"},
                            {"X-Team", "forged"},
                            {"X_Team", "forged"}});
  };
  const auto token = key.token(R"({"alg":"RS256","kid":"one"})", claims_of(stack, "alice"));
  CHECK(call("bearer " + token).body == "a");
  const auto& received = stack.upstream("a").requests.back();
  CHECK(received.field("X-User") == "alice");
  for (const auto* name : {"x_user", "X-Team", "X_Team"}) CHECK(received.field(name).empty());

  const auto missing_response = stack.call("/");
  CHECK(missing_response.status == http::status::unauthorized);
  CHECK(missing_response.find("WWW-Authenticate") == "Bearer realm=\"api\"");
  CHECK(call("Basic YTpi").status == http::status::unauthorized);
  const auto expired_token =
      call("Bearer " + key.token(R"({"alg":"RS256"})", R"({"iss":"https://issuer","aud":"api","exp":1})"));
  CHECK(expired_token.status == http::status::unauthorized);
  CHECK(expired_token.find("WWW-Authenticate") ==
        "Bearer realm=\"api\", error=\"invalid_token\", error_description=\"The token has expired\"");
  // Two tokens are rejected, because the upstream could use a different token from the gateway.
  const auto two = stack.call("/", {{"Authorization", "Bearer " + token}, {"Authorization", "Bearer x"}});
  CHECK(two.status == http::status::unauthorized);
  CHECK(stack.upstream("a").requests.size() == 1);
  CHECK(stack.metric("gateway_service_token_rejections_total{reason=\"expired\"}") == 1);
  CHECK(stack.metric("gateway_service_token_rejections_total{reason=\"missing\"}") == 3);
  // The rate limit applies to each subject.
  CHECK(call("Bearer " + token).body == "a");
  CHECK(call("Bearer " + token).status == http::status::too_many_requests);
  CHECK(call("Bearer " + key.token(R"({"alg":"RS256"})", claims_of(stack, "bob"))).body == "a");
}

TEST_CASE("gateway: a missing or invalid key file is reported as an error of the routes file", "[gateway][jwt]") {
  gateway_fixture stack{{"a"}};
  const auto error = [&] {
    try {
      stack.start(routes_with_tokens);
    } catch (const std::exception& failure) {
      return std::string{failure.what()};
    }
    return std::string{};
  };
  const auto contains = [](const std::string& text, std::string_view part) {
    INFO(text);
    return text.find(part) != std::string::npos;
  };
  CHECK(contains(error(), "routes.json:3: jwt.staff.keys[0].file: "));
  CHECK(contains(error(), "staff.pem: cannot be read: No such file or directory"));
  stack.directory.write("staff.pem", "no key");
  CHECK(contains(error(), "staff.pem: the key file has no public key in PEM format"));
}

TEST_CASE("gateway: a changed key file is used after a reload", "[gateway][jwt][reload]") {
  gateway_fixture stack{{"a"}};
  const signing_key first{gateway::jwt_algorithm::RS256};
  const signing_key second{gateway::jwt_algorithm::RS256};
  stack.directory.write("staff.pem", first.verification_key());
  stack.start(routes_with_tokens);
  CHECK(stack.reloads.files().size() == 2);
  const auto token = second.token(R"({"alg":"RS256"})", claims_of(stack, "alice"));
  CHECK(stack.call("/", {{"Authorization", "Bearer " + token}}).status == http::status::unauthorized);
  stack.directory.write("staff.pem", second.verification_key());
  CHECK(stack.reload(routes_with_tokens).outcome == config::reload_outcome::replaced);
  CHECK(stack.call("/", {{"Authorization", "Bearer " + token}}).body == "a");
}

}  // namespace
}  // namespace cohort
