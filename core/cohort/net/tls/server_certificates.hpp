// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <openssl/ssl.h>

#include <boost/asio/ssl/context.hpp>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <cohort/net/stream.hpp>
#include <cohort/net/tls/server_settings.hpp>

namespace cohort::net {

/// The certificates of a server in OpenSSL contexts. The server name of the client (SNI, RFC 6066 section 3) selects
/// the first certificate with exactly this DNS name (subjectAltName). If there is none, it selects the first
/// certificate with a matching wildcard, otherwise the first certificate (default). A wildcard matches one label (RFC
/// 9525 section 6.3): `*.example.org` matches `a.example.org`, but neither `a.b.example.org` nor `example.org`. If
/// several certificates have the same names and addresses but different types of keys, such as RSA and ECDSA, the
/// signature algorithms of the client determine the certificate. Read-only once loaded.
class server_certificates {
 public:
  server_certificates() = default;
  server_certificates(const server_certificates&) = delete;
  server_certificates& operator=(const server_certificates&) = delete;

  /// Loads the certificates, calls `configure` for each context, and installs the selection. Returns an error if a
  /// certificate or key cannot be used. Must be called once.
  std::optional<tls_server_settings_error> load(
      const tls_server_settings& settings,
      const std::function<std::optional<tls_server_settings_error>(asio::ssl::context&)>& configure);

  /// The context of the first certificate, for new connections.
  asio::ssl::context& default_context() noexcept { return contexts_.front(); }

 private:
  static int on_server_name(SSL* connection, int* alert, void* self);
  SSL_CTX* find(std::string_view server_name) const;
  void add_names(asio::ssl::context& context);
  bool add_to_context_with_same_names(asio::ssl::context& added_context);

  std::list<asio::ssl::context> contexts_;
  std::map<std::string, SSL_CTX*, std::less<>> contexts_by_name_;
  /// Contexts of wildcard certificates, keyed by the parent domain: `example.org` for `*.example.org`.
  std::map<std::string, SSL_CTX*, std::less<>> contexts_by_wildcard_;
};

}  // namespace cohort::net
