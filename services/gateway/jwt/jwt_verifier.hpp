// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <cohort/runtime/task.hpp>
#include <cohort/runtime/time/clock.hpp>
#include "services/gateway/jwt/jwt_key.hpp"

namespace cohort::gateway {

/// The reason why a token was rejected.
enum class jwt_error : std::uint8_t {
  /// The token does not have three segments of base64url with JSON objects of unique members, or a claim has the wrong
  /// type.
  malformed,
  /// No key has the `alg` of the token, for example `none`.
  algorithm,
  /// No key has the `kid` of the token.
  unknown_key,
  /// The token has a `crit` header parameter: extensions are not supported (RFC 7515 section 4.1.11).
  critical_extension,
  /// The `typ` of the token differs from the required `typ`.
  type,
  signature,
  /// The token has no `exp`.
  no_expiry,
  expired,
  not_yet_valid,
  issuer,
  audience,
};

/// A short name, such as `expired`, for logs and metrics.
std::string_view to_string(jwt_error error) noexcept;
/// A sentence for the client (`error_description` of RFC 6750).
std::string_view describe(jwt_error error) noexcept;

/// The verified claims of a token.
struct jwt_claims {
  /// The claim `sub`; empty if it is missing.
  std::string subject;
  /// The claims that are strings, numbers or booleans, as text.
  std::map<std::string, std::string, std::less<>> values;
};

struct jwt_requirements {
  std::string issuer;
  std::string audience;
  /// Tolerated difference between the clocks of the issuer and of this machine.
  std::chrono::seconds leeway{30};
  /// The required `typ`; any if empty.
  std::string type;
};

/// Verifies JSON Web Tokens (RFC 7519) in the compact serialization (RFC 7515), according to RFC 8725. The algorithm is
/// a property of the key, and `none` is rejected. `exp`, issuer and audience are required. Immutable; thread-safe.
class jwt_verifier {
 public:
  /// `keys` must not be empty.
  jwt_verifier(std::vector<std::unique_ptr<jwt_key>> keys, jwt_requirements jwt_requirements)
      : keys_(std::move(keys)), requirements_(std::move(jwt_requirements)) {}

  /// Verifies a token at a wall-clock time.
  result<jwt_claims, jwt_error> verify(std::string_view token, wall_time now) const;

  /// Longer tokens are malformed.
  static constexpr std::size_t max_token_bytes = 8192;

 private:
  struct header;
  result<const jwt_key*, jwt_error> find_key(const header& token_header) const;
  result<jwt_claims, jwt_error> check_claims(std::string_view payload, wall_time now) const;

  std::vector<std::unique_ptr<jwt_key>> keys_;
  jwt_requirements requirements_;
};

}  // namespace cohort::gateway
