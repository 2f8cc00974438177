// SPDX-License-Identifier: BSL-1.0
// Fuzzes the JSON Web Tokens of the gateway. The input is parsed as a token, a key file, the header and the claims of a
// signed token, and the signature of a token with a public key.
#include <memory>
#include <string>
#include <vector>

#include <cohort/json/description/described.hpp>
#include "services/gateway/jwt/base64url.hpp"
#include "services/gateway/jwt/jwt_verifier.hpp"
#include "tests/fuzz/framework/fuzz_target.hpp"
#include "tests/unit/services/gateway/signed_token.hpp"

namespace cohort::fuzz::gateway_token_target {
namespace {

using namespace gateway;

constexpr std::string_view secret = "0123456789abcdef0123456789abcdef";
/// The current time of the test: 2001-09-09.
constexpr wall_time now{std::chrono::seconds{1'000'000'000}};

std::string signed_token(std::string_view header, std::string_view claims) {
  static const test::signing_key key{std::string{secret}};
  return key.token(header, claims);
}

jwt_verifier make_verifier(std::string_view key, const std::string& issuer, const std::string& audience) {
  std::vector<std::unique_ptr<jwt_key>> keys;
  keys.push_back(jwt_key::load("", jwt_algorithm::HS256, key).key);
  return {std::move(keys), {.issuer = issuer, .audience = audience, .type = {}}};
}

/// A token that a public key verifies. The input is used as its signature; `SIGNATURE` in the input stands for the
/// valid signature.
struct public_key_token {
  explicit public_key_token(jwt_algorithm algorithm) : key(algorithm) {
    const auto token = key.token("{\"alg\":\"" + std::string{json::enum_name(algorithm)} + "\"}",
                                 R"({"iss":"i","aud":"a","exp":1000000100})");
    signed_part = token.substr(0, token.rfind('.') + 1);
    signature = token.substr(signed_part.size());
  }

  test::signing_key key;
  std::string signed_part;
  std::string signature;
};

const public_key_token& rsa_token() {
  static const public_key_token token{jwt_algorithm::RS256};
  return token;
}
const public_key_token& ec_token() {
  static const public_key_token token{jwt_algorithm::ES256};
  return token;
}

/// Returns a verifier with two HS256 keys, one RS256 key and one ES256 key, which requires the type `at+jwt`.
const jwt_verifier& verifier_with_many_keys() {
  static const auto verifier = [] {
    std::vector<std::unique_ptr<jwt_key>> keys;
    keys.push_back(jwt_key::load("a", jwt_algorithm::HS256, secret).key);
    keys.push_back(jwt_key::load("b", jwt_algorithm::HS256, "another secret of at least 32 bytes").key);
    keys.push_back(jwt_key::load("", jwt_algorithm::RS256, rsa_token().key.verification_key()).key);
    keys.push_back(jwt_key::load("e", jwt_algorithm::ES256, ec_token().key.verification_key()).key);
    return jwt_verifier{std::move(keys), {.issuer = "i", .audience = "a", .type = "at+jwt"}};
  }();
  return verifier;
}

const jwt_verifier& public_key_verifier() {
  static const auto verifier = [] {
    std::vector<std::unique_ptr<jwt_key>> keys;
    keys.push_back(jwt_key::load("", jwt_algorithm::RS256, rsa_token().key.verification_key()).key);
    keys.push_back(jwt_key::load("", jwt_algorithm::ES256, ec_token().key.verification_key()).key);
    return jwt_verifier{std::move(keys), {.issuer = "i", .audience = "a", .type = {}}};
  }();
  return verifier;
}

/// `text`: a signature in base64url, with the placeholder.
void check_signature(const public_key_token& token, std::string text) {
  constexpr std::string_view placeholder = "SIGNATURE";
  if (const auto at = text.find(placeholder); at != std::string::npos) {
    text.replace(at, placeholder.size(), token.signature);
  }
  const auto result = public_key_verifier().verify(token.signed_part + text, now);
  // A signature of ES256 is also valid with the negative of its second integer, which no mutation finds.
  require(result.has_value() == (text == token.signature), "only the signature of the key is valid");
}

/// Loads the input as the text of a key file.
void check_key_file(std::string_view text) {
  // OpenSSL takes 0.1 ms for input without a key.
  const bool is_pem = text.find("-----BEGIN ") != std::string_view::npos;
  for (const auto algorithm : {jwt_algorithm::HS256, jwt_algorithm::RS256, jwt_algorithm::ES256}) {
    if (algorithm != jwt_algorithm::HS256 && !is_pem) continue;
    const auto loaded = jwt_key::load("id", algorithm, text);
    require((loaded.key == nullptr) != loaded.error.empty(), "loading a key file results in a key or an error");
    if (!loaded.key) continue;
    require(loaded.key->algorithm() == algorithm && loaded.key->id() == "id", "a key has exactly one algorithm");
    require(!loaded.key->verify("a", "") && !loaded.key->verify("a", std::string(64, 'x')),
            "an invalid signature is rejected");
  }
}

/// Returns whether the token is accepted.
bool check(std::string_view token) {
  if (const auto claims = verifier_with_many_keys().verify(token, now))
    require(claims->values.contains("exp") && claims->values.at("iss") == "i", "expiry and issuer are required");
  static const auto verifier = make_verifier(secret, "i", "a");
  static const auto other_key = make_verifier("another secret of at least 32 bytes", "i", "a");
  static const auto other_issuer = make_verifier(secret, "other", "a");
  const auto claims = verifier.verify(token, now);
  if (!claims) {
    require(!to_string(claims.error()).empty() && !describe(claims.error()).empty(),
            "an error has a name and a message");
    return false;
  }
  require(token.size() <= jwt_verifier::max_token_bytes, "the size of a token is limited");
  require(claims->values.contains("exp") && claims->values.at("iss") == "i", "expiry and issuer are required");
  const auto error_of = [&](const jwt_verifier& other) {
    const auto result = other.verify(token, now);
    return result ? std::string_view{} : to_string(result.error());
  };
  require(error_of(other_key) == "signature", "a token is valid for its own key only");
  require(error_of(other_issuer) == "issuer", "a token is valid for its own issuer only");
  auto changed = std::string{token};
  changed[changed.rfind('.') + 1] ^= 1;
  require(!verifier.verify(changed, now), "a token with another signature is invalid");
  return true;
}

void run(std::string_view input) {
  if (const auto decoded = decode_base64url(input)) {
    require(test::base64url(*decoded) == input, "each value has exactly one base64url encoding");
  }
  require(decode_base64url(test::base64url(input)) == input, "decoding reverses base64url encoding");
  check(input);
  check_key_file(input);
  const auto line_end = input.find('\n');
  if (line_end == std::string_view::npos) return;
  const auto first_line = input.substr(0, line_end);
  const auto claims = input.substr(line_end + 1);
  if (first_line == "RS256") check_signature(rsa_token(), std::string{claims});
  if (first_line == "ES256") check_signature(ec_token(), std::string{claims});
  const auto token = signed_token(first_line, claims);
  // The key determines the algorithm, not the header of the token.
  if (check(token)) require(!check(signed_token(R"({"alg":"none"})", claims)), "unsigned tokens are not accepted");
}

const registration fuzz_registration{{.name = "gateway_token", .run = run}};

}  // namespace
}  // namespace cohort::fuzz::gateway_token_target
