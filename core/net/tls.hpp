#pragma once

#include <boost/asio/ssl/context.hpp>
#include <map>
#include <memory>
#include <string>

#include "core/net/stream.hpp"

namespace cohort::net {

/// The client's side of TLS: trust, protocol versions, and the sessions that make the next handshake shorter.
/// For one loop.
class tls_client_context {
 public:
  /// Trusts the system's certificates (OpenSSL's defaults, so `SSL_CERT_FILE` and `SSL_CERT_DIR` too). TLS 1.2 or
  /// later.
  tls_client_context();
  ~tls_client_context();

  /// Handshakes over `plain` with SNI, verifies the chain and that the certificate is for `host` (RFC 6125; an IP
  /// address must be in the certificate as such), and offers the last session with `host`. The stream's deadline must
  /// have been set. A certificate that does not pass gives an error of Asio's SSL category.
  task<result<stream_ptr>> handshake(stream_ptr plain, std::string host);

  /// Whether the peer of the last handshake accepted an old session; for tests.
  bool last_was_resumed() const noexcept { return last_was_resumed_; }

 private:
  struct session_deleter {
    void operator()(SSL_SESSION* session) const noexcept { SSL_SESSION_free(session); }
  };
  static int keep_session(SSL* connection, SSL_SESSION* session);

  asio::ssl::context context_;
  std::map<std::string, std::unique_ptr<SSL_SESSION, session_deleter>> sessions_;
  bool last_was_resumed_ = false;
};

}  // namespace cohort::net
