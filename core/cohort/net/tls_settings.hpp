// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>

namespace cohort::net {

/// Settings of the client side of TLS. Certificates and keys are PEM texts.
struct tls_client_settings {
  /// The trusted certificates, instead of the system's. Empty: the system's.
  std::string trusted_certificates;
  /// Whether the server's certificate must be trusted and valid for the host.
  bool verifies_server = true;
  /// The client's certificate, followed by those of the authorities between it and the root. Empty: none is sent.
  std::string certificate_chain;
  /// The private key of the client's certificate, without a passphrase.
  std::string private_key;
  /// The name that is sent (SNI) and that the certificate must be valid for. Empty: the host of the URL.
  std::string server_name;
};

/// The reason why OpenSSL does not accept the settings, as the end of a sentence ("there is no certificate in PEM
/// format"), or nothing.
std::optional<std::string> find_error(const tls_client_settings& settings);

}  // namespace cohort::net
