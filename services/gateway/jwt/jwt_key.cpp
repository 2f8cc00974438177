// SPDX-License-Identifier: BSL-1.0
#include "services/gateway/jwt/jwt_key.hpp"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

#include <array>

namespace cohort::gateway {
namespace {

constexpr std::size_t min_secret_bytes = 32;
constexpr int min_rsa_bits = 2048;
/// The size of each of the two integers in an ES256 signature.
constexpr std::size_t es256_integer_bytes = 32;

template <auto Function>
struct deleter {
  template <class T>
  void operator()(T* object) const noexcept {
    Function(object);
  }
};
using bio_ptr = std::unique_ptr<BIO, deleter<&BIO_free>>;
using context_ptr = std::unique_ptr<EVP_MD_CTX, deleter<&EVP_MD_CTX_free>>;
using signature_ptr = std::unique_ptr<ECDSA_SIG, deleter<&ECDSA_SIG_free>>;
using number_ptr = std::unique_ptr<BIGNUM, deleter<&BN_free>>;

const unsigned char* bytes_of(std::string_view text) noexcept {
  return reinterpret_cast<const unsigned char*>(text.data());
}

/// Converts an ES256 signature of a token (RFC 7518 section 3.4: two integers of 32 bytes) to the DER format of
/// OpenSSL. Returns an empty result if the length of the signature is wrong.
std::string der_signature(std::string_view signature) {
  if (signature.size() != 2 * es256_integer_bytes) return {};
  constexpr auto size = static_cast<int>(es256_integer_bytes);
  number_ptr r{BN_bin2bn(bytes_of(signature), size, nullptr)};
  number_ptr s{BN_bin2bn(bytes_of(signature) + es256_integer_bytes, size, nullptr)};
  const signature_ptr pair{ECDSA_SIG_new()};
  // ECDSA_SIG_set0 fails if one of the numbers is null; otherwise it takes ownership of both.
  if (!pair || ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) return {};
  static_cast<void>(r.release());
  static_cast<void>(s.release());
  unsigned char* encoded = nullptr;
  const int length = i2d_ECDSA_SIG(pair.get(), &encoded);
  if (length <= 0) return {};
  std::string der{reinterpret_cast<const char*>(encoded), static_cast<std::size_t>(length)};
  OPENSSL_free(encoded);
  return der;
}

}  // namespace

jwt_key::~jwt_key() {
  EVP_PKEY_free(public_key_);
  OPENSSL_cleanse(secret_.data(), secret_.size());
}

jwt_key::load_result jwt_key::load(std::string id, jwt_algorithm algorithm, std::string_view text) {
  std::unique_ptr<jwt_key> key{new jwt_key{std::move(id), algorithm}};
  const bool is_pem = text.find("-----BEGIN ") != std::string_view::npos;
  if (algorithm == jwt_algorithm::HS256) {
    if (is_pem) return {nullptr, "is in PEM format, but HS256 requires a secret"};
    while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
    if (text.size() < min_secret_bytes) return {nullptr, "has a secret of less than 32 bytes (RFC 7518 section 3.2)"};
    key->secret_ = text;
    return {std::move(key), {}};
  }
  if (text.find("PRIVATE KEY-----") != std::string_view::npos) {
    return {nullptr, "has a private key; use its public key: openssl pkey -pubout"};
  }
  const bio_ptr source{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
  key->public_key_ = source ? PEM_read_bio_PUBKEY(source.get(), nullptr, nullptr, nullptr) : nullptr;
  ERR_clear_error();
  if (!key->public_key_) return {nullptr, "has no public key in PEM format"};
  if (auto error = key->find_public_key_error(); !error.empty()) return {nullptr, std::move(error)};
  return {std::move(key), {}};
}

std::string jwt_key::find_public_key_error() const {
  const int type = EVP_PKEY_get_base_id(public_key_);
  if (algorithm_ == jwt_algorithm::RS256) {
    if (type != EVP_PKEY_RSA) return "has no RSA key, which RS256 requires";
    const bool is_long_enough = EVP_PKEY_get_bits(public_key_) >= min_rsa_bits;
    return is_long_enough ? std::string{} : "has an RSA key of less than 2048 bits (RFC 7518 section 3.3)";
  }
  std::array<char, 64> group{};
  const bool is_p256 = type == EVP_PKEY_EC &&
                       EVP_PKEY_get_group_name(public_key_, group.data(), group.size(), nullptr) == 1 &&
                       std::string_view{group.data()} == "prime256v1";
  return is_p256 ? std::string{} : "has no key on the curve P-256, which ES256 requires";
}

bool jwt_key::verify(std::string_view input, std::string_view signature) const {
  return algorithm_ == jwt_algorithm::HS256 ? verify_hmac(input, signature) : verify_public(input, signature);
}

bool jwt_key::verify_hmac(std::string_view input, std::string_view signature) const {
  std::array<unsigned char, EVP_MAX_MD_SIZE> expected{};
  unsigned length = 0;
  if (!HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()), bytes_of(input), input.size(),
            expected.data(), &length)) {
    return false;
  }
  return signature.size() == length && CRYPTO_memcmp(expected.data(), signature.data(), length) == 0;
}

bool jwt_key::verify_public(std::string_view input, std::string_view signature) const {
  std::string der;
  if (algorithm_ == jwt_algorithm::ES256) {
    der = der_signature(signature);
    signature = der;
  }
  if (signature.empty()) return false;
  const context_ptr context{EVP_MD_CTX_new()};
  const bool is_valid =
      context && EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, public_key_) == 1 &&
      EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(input), input.size()) == 1;
  // Clears the errors of an invalid signature, so that a later operation on this thread does not report them.
  if (!is_valid) ERR_clear_error();
  return is_valid;
}

}  // namespace cohort::gateway
