// SPDX-License-Identifier: BSL-1.0
// JSON Web Tokens of the gateway: the input is parsed as a token, and as the header and the claims of a signed token.
#include <memory>
#include <string>
#include <vector>

#include "services/gateway/jwt/base64url.hpp"
#include "services/gateway/jwt/jwt_verifier.hpp"
#include "tests/fuzz/framework/fuzz_target.hpp"
#include "tests/unit/services/gateway/signed_token.hpp"

namespace cohort::fuzz {
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

/// Returns whether the token is accepted.
bool check(std::string_view token) {
  static const auto verifier = make_verifier(secret, "i", "a");
  static const auto other_key = make_verifier("another secret of at least 32 bytes", "i", "a");
  static const auto other_issuer = make_verifier(secret, "other", "a");
  const auto claims = verifier.verify(token, now);
  if (!claims) {
    require(!to_string(claims.error()).empty() && !describe(claims.error()).empty(), "an error has a name and a text");
    return false;
  }
  require(token.size() <= jwt_verifier::max_token_bytes, "the size of a token is limited");
  require(claims->values.contains("exp") && claims->values.at("iss") == "i", "expiry and issuer are required");
  const auto error_of = [&](const jwt_verifier& other) {
    const auto result = other.verify(token, now);
    return result ? std::string_view{} : to_string(result.error());
  };
  require(error_of(other_key) == "signature", "a token is valid for its key only");
  require(error_of(other_issuer) == "issuer", "a token is valid for its issuer only");
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
  const auto line_end = input.find('\n');
  if (line_end == std::string_view::npos) return;
  const auto claims = input.substr(line_end + 1);
  const auto token = signed_token(input.substr(0, line_end), claims);
  // The key determines the algorithm, not the header of the token.
  if (check(token)) require(!check(signed_token(R"({"alg":"none"})", claims)), "unsigned tokens are not accepted");
}

const registration fuzz_registration{{.name = "gateway_token", .run = run}};

}  // namespace
}  // namespace cohort::fuzz
