// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include <cohort/net/tls/server_context.hpp>
#include <cohort/runtime/time/clock.hpp>

namespace cohort::telemetry {
class counter;
class logger;
class registry;
}  // namespace cohort::telemetry

namespace cohort::http {

/// The properties of a TLS connection and of its client.
struct tls_connection_info {
  /// Whether the client has a certificate from a trusted CA.
  bool has_certificate = false;
  /// The URIs of that certificate (subjectAltName), such as SPIFFE IDs.
  std::vector<std::string> certificate_uris{};
  /// Duration of the handshake, which counts against the timeout of the first request's header section.
  duration handshake_duration{};
};

/// Terminates the TLS of a server: performs its handshakes, counts them in
/// `cohort_server_tls_handshakes_total{result}`, and logs failed handshakes: at level info, or debug if the client
/// disconnected. An HTTP request without TLS is rejected with 400 in clear text if its method is GET, HEAD, POST, PUT
/// or CONNECT, which OpenSSL recognizes. With other methods, the connection is closed without a response. Thread-safe.
class tls_termination {
 public:
  /// `metrics` must outlive this object. Servers of several services can share `context`.
  tls_termination(std::shared_ptr<net::tls_server_context> context, telemetry::registry& metrics);

  /// Performs the handshake; `plain` has a deadline. Replaces `plain` with the encrypted stream. Returns null, and
  /// leaves `plain` null, if the handshake failed.
  task<std::unique_ptr<const tls_connection_info>> accept(net::stream_ptr& plain, telemetry::logger log);

 private:
  std::shared_ptr<net::tls_server_context> context_;
  std::array<telemetry::counter*, net::tls_handshake_result_count> handshakes_{};
};

}  // namespace cohort::http
