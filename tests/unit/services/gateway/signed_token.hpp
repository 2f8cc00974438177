// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "services/gateway/routes_file/routes_file.hpp"

namespace cohort::test {

inline std::string base64url(std::string_view bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  while (text.ends_with('=')) text.pop_back();
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return text;
}

/// A new key that signs JSON Web Tokens.
class signing_key {
 public:
  explicit signing_key(gateway::jwt_algorithm algorithm) : algorithm_(algorithm) {
    using enum gateway::jwt_algorithm;
    if (algorithm == RS256) key_.reset(EVP_RSA_gen(2048));
    if (algorithm == ES256) key_.reset(EVP_EC_gen("P-256"));
    if (algorithm != HS256) return;
    secret_.resize(32);
    // The secret consists of letters, so that no byte is a line feed.
    RAND_bytes(reinterpret_cast<unsigned char*>(secret_.data()), 32);
    for (char& c : secret_) c = static_cast<char>('a' + (static_cast<unsigned char>(c) % 26));
  }
  /// Creates an HS256 key with this secret.
  explicit signing_key(std::string secret) : algorithm_(gateway::jwt_algorithm::HS256), secret_(std::move(secret)) {}

  gateway::jwt_algorithm algorithm() const { return algorithm_; }
  /// Returns the content of the key file of a verifier.
  std::string verification_key() const { return key_ ? public_pem(key_.get()) : secret_; }

  std::string token(std::string_view header, std::string_view claims) const {
    const auto input = base64url(header) + "." + base64url(claims);
    return input + "." + base64url(sign(input));
  }

  static std::string rsa_public_key(unsigned bits) { return public_pem(pkey_ptr{EVP_RSA_gen(bits)}.get()); }
  static std::string ec_public_key(const char* curve) { return public_pem(pkey_ptr{EVP_EC_gen(curve)}.get()); }

 private:
  struct free_key {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  };
  using pkey_ptr = std::unique_ptr<EVP_PKEY, free_key>;

  static std::string public_pem(EVP_PKEY* key) {
    BIO* memory = BIO_new(BIO_s_mem());
    PEM_write_bio_PUBKEY(memory, key);
    char* data = nullptr;
    const auto size = BIO_get_mem_data(memory, &data);
    std::string text{data, static_cast<std::size_t>(size)};
    BIO_free(memory);
    return text;
  }

  std::string sign(std::string_view input) const {
    const auto* data = reinterpret_cast<const unsigned char*>(input.data());
    if (!key_) {
      std::array<unsigned char, 32> mac{};
      unsigned size = 0;
      HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()), data, input.size(), mac.data(), &size);
      return {reinterpret_cast<const char*>(mac.data()), size};
    }
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    std::size_t size = 0;
    EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key_.get());
    EVP_DigestSign(context, nullptr, &size, data, input.size());
    std::string signature(size, '\0');
    const int done =
        EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size, data, input.size());
    EVP_MD_CTX_free(context);
    if (done != 1) throw std::runtime_error("cannot sign");
    signature.resize(size);
    return algorithm_ == gateway::jwt_algorithm::ES256 ? pair_of(signature) : signature;
  }

  /// Returns the two integers of a DER signature, each of 32 bytes (RFC 7518 section 3.4).
  static std::string pair_of(const std::string& der) {
    const auto* data = reinterpret_cast<const unsigned char*>(der.data());
    ECDSA_SIG* decoded = d2i_ECDSA_SIG(nullptr, &data, static_cast<long>(der.size()));
    std::string pair(64, '\0');
    auto* out = reinterpret_cast<unsigned char*>(pair.data());
    BN_bn2binpad(ECDSA_SIG_get0_r(decoded), out, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(decoded), out + 32, 32);
    ECDSA_SIG_free(decoded);
    return pair;
  }

  gateway::jwt_algorithm algorithm_;
  pkey_ptr key_;
  std::string secret_;
};

}  // namespace cohort::test
