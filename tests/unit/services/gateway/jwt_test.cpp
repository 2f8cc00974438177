// SPDX-License-Identifier: BSL-1.0

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "services/gateway/jwt/base64url.hpp"
#include "services/gateway/jwt/jwt_verifier.hpp"
#include "tests/unit/services/gateway/signed_token.hpp"

namespace cohort::gateway {
namespace {

using namespace std::chrono_literals;
using test::signing_key;

/// The current time of the tests, 2001-09-09.
constexpr wall_time now{std::chrono::seconds{1'000'000'000}};

std::unique_ptr<jwt_key> load(const signing_key& key, std::string id = {}) {
  auto loaded = jwt_key::load(std::move(id), key.algorithm(), key.verification_key());
  INFO(loaded.error);
  REQUIRE(loaded.key);
  return std::move(loaded.key);
}

jwt_verifier make_verifier(const signing_key& key, std::string type = {}) {
  std::vector<std::unique_ptr<jwt_key>> keys;
  keys.push_back(load(key));
  return {std::move(keys), {.issuer = "https://issuer", .audience = "api", .leeway = 30s, .type = std::move(type)}};
}

const char* const valid_claims =
    R"({"iss":"https://issuer","aud":["other","api"],"sub":"alice","exp":1000000100,"nbf":999999990,"level":7})";

std::string outcome_of(const jwt_verifier& verifier, std::string_view token) {
  const auto claims = verifier.verify(token, now);
  return claims ? "ok:" + claims->subject : std::string{to_string(claims.error())};
}

std::string header_of(const signing_key& key) {
  return R"({"alg":")" + std::string{json::enum_name(key.algorithm())} + R"("})";
}

TEST_CASE("JWT: tokens of each algorithm are accepted", "[gateway][jwt]") {
  const auto algorithm = GENERATE(jwt_algorithm::HS256, jwt_algorithm::RS256, jwt_algorithm::ES256);
  const signing_key key{algorithm};
  const auto verifier = make_verifier(key);
  const auto claims = verifier.verify(key.token(header_of(key), valid_claims), now);
  REQUIRE(claims.has_value());
  CHECK(claims->subject == "alice");
  CHECK(claims->values.at("level") == "7");
  // The signature of another key of the same algorithm is invalid.
  CHECK(outcome_of(verifier, signing_key{algorithm}.token(header_of(key), valid_claims)) == "signature");
}

TEST_CASE("JWT: a changed byte makes a token invalid", "[gateway][jwt][security]") {
  const signing_key key{jwt_algorithm::ES256};
  const auto verifier = make_verifier(key);
  const auto token = key.token(header_of(key), valid_claims);
  for (std::size_t i = 0; i < token.size(); ++i) {
    auto changed_token = token;
    changed_token[i] = changed_token[i] == 'A' ? 'B' : 'A';
    CHECK(outcome_of(verifier, changed_token) != "ok:alice");
  }
}

TEST_CASE("JWT: the algorithm is a property of the key", "[gateway][jwt][security]") {
  const signing_key rsa_key{jwt_algorithm::RS256};
  const auto verifier = make_verifier(rsa_key);
  const auto unsigned_token = test::base64url(R"({"alg":"none"})") + "." + test::base64url(valid_claims) + ".";
  CHECK(outcome_of(verifier, unsigned_token) == "algorithm");
  CHECK(outcome_of(verifier, test::base64url(R"({"alg":"None"})") + "." + test::base64url(valid_claims) + ".") ==
        "algorithm");
  // The attacker uses the public key as the secret of an HMAC (RFC 8725 section 2.1).
  const signing_key signing_key{rsa_key.verification_key()};
  CHECK(outcome_of(verifier, signing_key.token(R"({"alg":"HS256"})", valid_claims)) == "algorithm");
  CHECK(outcome_of(verifier, signing_key.token(R"({"alg":"RS256"})", valid_claims)) == "signature");
  CHECK(jwt_key::load("", jwt_algorithm::HS256, rsa_key.verification_key()).error.find("PEM") != std::string::npos);
  CHECK(outcome_of(verifier, rsa_key.token("{}", valid_claims)) == "algorithm");
}

TEST_CASE("JWT: claims are checked with a leeway of 30 s", "[gateway][jwt]") {
  const auto [claims, expected] = GENERATE(table<std::string, std::string>({
      {R"({"iss":"https://issuer","aud":"api","sub":"a","exp":1000000001})", "ok:a"},
      {R"({"iss":"https://issuer","aud":"api","sub":"a","exp":999999970.5})", "ok:a"},
      {R"({"iss":"https://issuer","aud":"api","exp":999999970})", "expired"},
      {R"({"iss":"https://issuer","aud":"api"})", "no_expiry"},
      {R"({"iss":"https://issuer","aud":"api","exp":"1000000100"})", "malformed"},
      {R"({"iss":"https://issuer","aud":"api","exp":1000000100,"nbf":1000000030})", "ok:"},
      {R"({"iss":"https://issuer","aud":"api","exp":1000000100,"nbf":1000000031})", "not_yet_valid"},
      {R"({"iss":"https://other","aud":"api","exp":1000000100})", "issuer"},
      {R"({"aud":"api","exp":1000000100})", "issuer"},
      {R"({"iss":"https://issuer","aud":["x"],"exp":1000000100})", "audience"},
      {R"({"iss":"https://issuer","exp":1000000100})", "audience"},
      {R"({"iss":"https://issuer","aud":7,"exp":1000000100})", "malformed"},
      {R"({"iss":"https://issuer","aud":"api","exp":1,"exp":1000000100})", "malformed"},
      {R"([1])", "malformed"},
      {"not JSON", "malformed"},
  }));
  const signing_key key{jwt_algorithm::HS256};
  CHECK(outcome_of(make_verifier(key), key.token(header_of(key), claims)) == expected);
}

TEST_CASE("JWT: header parameters are checked", "[gateway][jwt]") {
  const signing_key key{jwt_algorithm::HS256};
  const auto outcome = [&](const std::string& header, const std::string& type = {}) {
    return outcome_of(make_verifier(key, type), key.token(header, valid_claims));
  };
  CHECK(outcome(R"({"alg":"HS256","kid":"x"})") == "unknown_key");
  CHECK(outcome(R"({"alg":"HS256","crit":["b64"],"b64":false})") == "critical_extension");
  CHECK(outcome(R"({"alg":"HS256","alg":"HS256"})") == "malformed");
  CHECK(outcome(R"({"alg":7})") == "malformed");
  CHECK(outcome(R"({"alg":"HS256","typ":"JWT"})", "at+jwt") == "type");
  CHECK(outcome(R"({"alg":"HS256","typ":"application/AT+jwt"})", "at+jwt") == "ok:alice");
}

TEST_CASE("JWT: kid selects the key", "[gateway][jwt]") {
  const signing_key first{jwt_algorithm::HS256};
  const signing_key second{jwt_algorithm::HS256};
  std::vector<std::unique_ptr<jwt_key>> keys;
  keys.push_back(load(first, "one"));
  keys.push_back(load(second, "two"));
  const jwt_verifier verifier{std::move(keys), {.issuer = "https://issuer", .audience = "api"}};
  CHECK(outcome_of(verifier, second.token(R"({"alg":"HS256","kid":"two"})", valid_claims)) == "ok:alice");
  CHECK(outcome_of(verifier, second.token(R"({"alg":"HS256","kid":"one"})", valid_claims)) == "signature");
  CHECK(outcome_of(verifier, second.token(R"({"alg":"HS256"})", valid_claims)) == "unknown_key");
}

TEST_CASE("JWT: text that is not a token is rejected as malformed", "[gateway][jwt]") {
  const signing_key key{jwt_algorithm::HS256};
  const auto verifier = make_verifier(key);
  const auto token = key.token(header_of(key), valid_claims);
  for (const auto& text : {std::string{}, std::string{"."}, std::string{".."}, token + ".x", token + "=", " " + token,
                           token.substr(0, token.rfind('.')), std::string(9000, 'a') + "." + token}) {
    CHECK(outcome_of(verifier, text) == "malformed");
  }
}

TEST_CASE("JWT: keys that are too weak or of an unsupported type are rejected", "[gateway][jwt]") {
  const auto error = [](jwt_algorithm algorithm, const std::string& text) {
    return jwt_key::load("", algorithm, text).error;
  };
  CHECK(error(jwt_algorithm::HS256, "short").find("32 bytes") != std::string::npos);
  CHECK(error(jwt_algorithm::RS256, signing_key::rsa_public_key(1024)).find("2048 bits") != std::string::npos);
  CHECK(error(jwt_algorithm::RS256, signing_key{jwt_algorithm::ES256}.verification_key()).find("RSA") !=
        std::string::npos);
  CHECK(error(jwt_algorithm::ES256, signing_key::ec_public_key("P-384")).find("P-256") != std::string::npos);
  CHECK(error(jwt_algorithm::ES256, "text").find("no public key") != std::string::npos);
}

TEST_CASE("base64url: each value has exactly one encoding", "[gateway][jwt]") {
  CHECK(decode_base64url("AQID") == "\1\2\3");
  CHECK(decode_base64url("_-8") == "\xFF\xEF");
  CHECK(decode_base64url("") == "");
  for (const auto* text : {"A", "AQ==", "AR", "A+", "A Q"}) CHECK_FALSE(decode_base64url(text));
}

}  // namespace
}  // namespace cohort::gateway
