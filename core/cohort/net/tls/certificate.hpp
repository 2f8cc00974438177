// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <cohort/runtime/task.hpp>

namespace cohort::net {

using x509_ptr = std::unique_ptr<X509, decltype(&X509_free)>;

/// Calls `visitor` with each certificate of a PEM text. Returns the number of certificates.
std::size_t for_each_certificate(const std::string& pem, const std::function<void(X509*)>& visitor);

/// Returns the reason why a certificate is currently invalid, such as "the certificate expired on
/// 2026-11-01T00:00:00Z"; empty if it is valid.
std::optional<std::string> find_validity_error(const X509* certificate);

/// Returns the values of one type of a certificate's subjectAltName (RFC 5280 section 4.2.1.6): `GEN_DNS`, `GEN_URI`,
/// or `GEN_IPADD`, whose values are the bytes of addresses.
std::vector<std::string> alternative_names(const X509* certificate, int type);

/// Whether OpenSSL reports that a private key does not belong to the certificate.
bool is_key_mismatch(const error_code& error) noexcept;

/// Whether the last added private key belongs to a certificate of the context. OpenSSL stores a certificate and a key
/// for each type of key, so it accepts a key whose type differs from the certificate's without an error.
bool has_matching_key(const SSL_CTX* context) noexcept;

}  // namespace cohort::net
