// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <string>

#include <cohort/net/stream.hpp>
#include <cohort/net/tls_settings.hpp>

namespace cohort::net {

/// Client side of TLS: trusted certificates, protocol versions, and cached sessions that shorten later handshakes with
/// the same host. Use it on one loop only.
class tls_client_context {
 public:
  /// Trusts the certificates of the settings. The default is the system's certificates, in the default paths of
  /// OpenSSL, which include `SSL_CERT_FILE` and `SSL_CERT_DIR`. Requires TLS 1.2 or later. Precondition:
  /// `find_error(settings)` is empty.
  explicit tls_client_context(const tls_client_settings& settings = {});
  ~tls_client_context();

  /// Performs the handshake over `plain`, whose deadline must be set. Sends SNI (RFC 6066 section 3), and offers the
  /// last session with `host` for resumption. Unless the settings disable verification, verifies the certificate chain
  /// and the name `host` (RFC 6125). An IP address must match an IP address entry of the certificate. Returns the
  /// encrypted stream. A certificate that fails verification is an error of Asio's SSL category.
  task<result<stream_ptr>> handshake(stream_ptr plain, std::string host);

  /// True if the last handshake resumed a session. For tests.
  bool has_resumed_session() const noexcept;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace cohort::net
