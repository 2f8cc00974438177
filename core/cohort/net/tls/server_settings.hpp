// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>

namespace cohort::net {

/// Settings of the server side of TLS. Certificates and keys are PEM texts.
struct tls_server_settings {
  /// The server's certificate, followed by those of the authorities between it and the root.
  std::string certificate_chain;
  /// The private key of the certificate, without a passphrase.
  std::string private_key;
  /// The authorities whose client certificates are accepted. Empty: no client certificate is requested.
  std::string client_authorities;

  bool operator==(const tls_server_settings&) const = default;
};

/// Why TLS settings cannot be used.
struct tls_server_settings_error {
  enum class setting { certificate_chain, private_key, client_authorities };
  setting invalid;
  /// The end of a sentence: "there is no certificate in PEM format".
  std::string reason;
};

/// Checks that OpenSSL accepts the settings, that the key belongs to the certificate, and that the certificate is valid
/// now. Returns nothing if so.
std::optional<tls_server_settings_error> find_error(const tls_server_settings& settings);

}  // namespace cohort::net
