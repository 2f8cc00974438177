// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "services/gateway/routes_file/routes_file.hpp"

extern "C" {
struct evp_pkey_st;
}

namespace cohort::gateway {

/// A key that verifies JSON Web Signatures by exactly one algorithm, regardless of the token's `alg`. Therefore, a
/// token cannot cause a public key to be used as an HMAC secret (RFC 8725 section 2.1). Immutable; thread-safe.
class jwt_key {
 public:
  jwt_key(const jwt_key&) = delete;
  jwt_key& operator=(const jwt_key&) = delete;
  ~jwt_key();

  struct load_result {
    std::unique_ptr<jwt_key> key;
    /// The error text, which follows `the key file FILE`; empty on success.
    std::string error;
  };
  /// `text` is the content of a key file. HS256 requires a secret of at least 32 bytes (RFC 7518 section 3.2); a
  /// trailing line feed is removed. RS256 requires a public key in PEM format of at least 2048 bits (section 3.3).
  /// ES256 requires a public key on the curve P-256 (section 3.4).
  static load_result load(std::string id, jwt_algorithm algorithm, std::string_view text);

  const std::string& id() const noexcept { return id_; }
  jwt_algorithm algorithm() const noexcept { return algorithm_; }
  /// Whether `signature`, the decoded signature of a token, is a valid signature of `input`.
  bool verify(std::string_view input, std::string_view signature) const;

 private:
  jwt_key(std::string id, jwt_algorithm algorithm) : id_(std::move(id)), algorithm_(algorithm) {}
  std::string find_public_key_error() const;
  bool verify_hmac(std::string_view input, std::string_view signature) const;
  bool verify_public(std::string_view input, std::string_view signature) const;

  std::string id_;
  jwt_algorithm algorithm_;
  /// The secret of HS256.
  std::string secret_;
  /// The public key of the other algorithms.
  evp_pkey_st* public_key_ = nullptr;
};

}  // namespace cohort::gateway
