#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace cohort::test {

/// What a leaf certificate shall say. `dns` and `ip` become subjectAltName entries; at least one is needed, for a
/// client checks nothing else (RFC 9525 6.3). The first is the subject's common name as well.
struct certificate_request {
  std::vector<std::string> dns{};
  std::vector<std::string> ip{};
  /// When validity starts, counted from now; negative is the past.
  std::chrono::seconds not_before_offset{-3600};
  /// How long validity lasts from its start: start in the past and stop before now for an expired certificate.
  std::chrono::seconds valid_for{24 * 3600};
};

struct certificate_and_key {
  std::string certificate_pem;
  std::string private_key_pem;  ///< PKCS #8, not encrypted
};

/// A certificate authority with a key of its own, in memory only. All keys are P-256: made in well under a
/// millisecond. Not for use by several threads at once.
class certificate_authority {
 public:
  explicit certificate_authority(const std::string& name);

  /// The root certificate, to be trusted by clients.
  [[nodiscard]] std::string certificate_pem() const;

  /// A TLS server certificate signed by this authority, with a fresh key.
  [[nodiscard]] certificate_and_key issue(const certificate_request& request);

 private:
  template <auto Free>
  struct freed_by {
    template <class T>
    void operator()(T* object) const noexcept {
      Free(object);
    }
  };
  std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>> key_;
  std::unique_ptr<X509, freed_by<X509_free>> certificate_;
  long last_serial_{1};
};

}  // namespace cohort::test
