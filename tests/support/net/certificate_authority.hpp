// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace cohort::test {

/// Contents of a leaf certificate. `dns`, `ip` and `uri` become subjectAltName entries, the only names that are checked
/// (RFC 9525 section 6.3); at least one is required. The first name is also the subject's common name.
struct certificate_request {
  std::vector<std::string> dns{};
  std::vector<std::string> ip{};
  std::vector<std::string> uri{};
  /// Value of the extended key usage, in OpenSSL's notation.
  std::string usage{"serverAuth"};
  /// Start of validity, relative to now; negative values are in the past.
  std::chrono::seconds not_before_offset{-3600};
  /// Duration of the validity from its start. If the validity ends before now, the certificate has expired.
  std::chrono::seconds validity_period{24 * 3600};
};

struct certificate_and_key {
  std::string certificate_pem;
  std::string private_key_pem;  ///< PKCS #8, unencrypted
};

/// A certificate authority, in memory only. All keys are P-256, which takes less than a millisecond to generate. Not
/// thread-safe.
class certificate_authority {
 public:
  explicit certificate_authority(const std::string& name);

  /// Returns the root certificate, for the clients' trust store.
  [[nodiscard]] std::string certificate_pem() const;

  /// Returns a TLS certificate with a new key, signed by this CA.
  [[nodiscard]] certificate_and_key issue(const certificate_request& request);

 private:
  template <auto Free>
  struct openssl_deleter {
    template <class T>
    void operator()(T* object) const noexcept {
      Free(object);
    }
  };
  std::unique_ptr<EVP_PKEY, openssl_deleter<EVP_PKEY_free>> key_;
  std::unique_ptr<X509, openssl_deleter<X509_free>> certificate_;
  long last_serial_{1};
};

/// Returns a new private key whose type differs from the keys of `certificate_authority`: PKCS #8, unencrypted.
std::string ed25519_key_pem();

}  // namespace cohort::test
