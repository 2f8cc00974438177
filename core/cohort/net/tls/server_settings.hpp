// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace cohort::net {

/// A certificate of a server and its key, in PEM format.
struct tls_server_certificate {
  /// The server's certificate, followed by the intermediate certificates.
  std::string certificate_chain;
  /// The private key of the certificate, without a passphrase.
  std::string private_key;

  bool operator==(const tls_server_certificate&) const = default;
};

/// Settings of the server side of TLS.
struct tls_server_settings {
  /// At least one certificate. The first certificate is the default; the server name of the client (SNI) selects
  /// another certificate by its DNS names.
  std::vector<tls_server_certificate> certificates;
  /// The trusted CA certificates of client certificates, as PEM text. If empty, no client certificate is requested.
  std::string client_ca_certificates;

  bool operator==(const tls_server_settings&) const = default;
};

/// The reason why TLS settings cannot be used.
struct tls_server_settings_error {
  /// `key_pair`: the private key does not belong to the certificate.
  enum class setting { certificate_chain, private_key, key_pair, client_ca_certificates };
  setting invalid;
  /// The reason, such as "no certificate in PEM format was found".
  std::string reason;
  /// The position in `certificates`, unless the CA certificates are invalid.
  std::size_t certificate_index = 0;
};

/// Checks that OpenSSL accepts the settings, that each key belongs to its certificate, and that the certificates are
/// currently valid. Returns the first error; empty if there is none.
std::optional<tls_server_settings_error> find_error(const tls_server_settings& settings);

}  // namespace cohort::net
