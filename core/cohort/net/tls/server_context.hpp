// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cohort/net/stream.hpp>
#include <cohort/net/tls/server_settings.hpp>

namespace cohort::net {

class ticket_keys;

/// Result of a server's TLS handshake, for metrics.
enum class tls_handshake_result : std::uint8_t {
  success,
  /// The client did not use TLS; for example, it sent an HTTP request.
  not_tls,
  /// The client supports neither TLS 1.2 nor TLS 1.3.
  unsupported_version,
  /// The client and the server have no common cipher suite, group or application protocol.
  no_common_parameters,
  /// The client's certificate is untrusted, currently invalid, or not for client authentication.
  client_certificate_invalid,
  /// The client aborted the handshake with an alert, for example because it does not trust the server's certificate.
  rejected_by_client,
  timeout,
  /// The client closed or reset the connection.
  disconnected,
  /// The server cancelled the handshake.
  cancelled,
  other_error,
};
inline constexpr std::size_t tls_handshake_result_count = 10;

/// The name for metrics and logs, such as `not_tls`.
std::string_view to_string(tls_handshake_result result) noexcept;

/// The result of a handshake.
struct tls_accept_result {
  tls_handshake_result result;
  /// The reason for a failure, for logs; empty after a success.
  std::string reason{};
  /// The encrypted stream; null after a failure.
  stream_ptr stream{};
  /// The URIs of the client's verified certificate (subjectAltName), such as SPIFFE IDs; empty without a certificate.
  std::vector<std::string> client_uris{};
  bool has_client_certificate = false;
  /// Whether the client resumed a session instead of performing a full handshake.
  bool is_resumed = false;
  /// The unencrypted stream, if the client sent an HTTP request without TLS and OpenSSL recognizes its method: GET,
  /// HEAD, POST, PUT or CONNECT; null otherwise. Some bytes of the request have already been read and discarded.
  stream_ptr plain_http_stream{};
};

/// Server side of TLS: certificates, protocol versions, session tickets. TLS 1.2 and 1.3 with the cipher suites of
/// Mozilla's "intermediate" configuration; ALPN (RFC 7301) selects `http/1.1`. Thread-safe.
class tls_server_context {
 public:
  /// Precondition: `find_error(settings)` is empty.
  explicit tls_server_context(const tls_server_settings& settings);
  ~tls_server_context();

  /// Replaces the settings for later handshakes. Open connections are not affected. Precondition:
  /// `find_error(settings)` is empty.
  void reload(const tls_server_settings& settings);

  /// Performs the handshake over `plain`, whose deadline must be set. Runs on the loop of `plain`.
  task<tls_accept_result> handshake(stream_ptr plain);

  /// See `net::find_error`.
  static std::optional<tls_server_settings_error> find_error(const tls_server_settings& settings);

 private:
  /// The OpenSSL contexts for one version of the settings.
  struct configuration;
  std::shared_ptr<configuration> current() const;

  const std::shared_ptr<ticket_keys> ticket_keys_;
  mutable std::mutex mutex_;
  std::shared_ptr<configuration> current_;
};

}  // namespace cohort::net
