// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <cohort/net/network.hpp>

namespace cohort::net {

class tls_client_context;

/// The target of `connect_to_host`.
struct connect_target {
  /// A name or an IP address.
  std::string host;
  std::uint16_t port = 0;
  /// The TLS settings; null for a connection without TLS. Must outlive the call.
  tls_client_context* tls = nullptr;
  /// The host name for which the certificate must be valid. `host` if empty.
  std::string server_name{};
  /// The index of the host's address to try first, modulo the number of addresses. A client increments it after a
  /// failure.
  std::size_t first_address = 0;
};

/// Resolves the host and connects to the first of its addresses that accepts the connection, with TLS if `tls` is set.
/// The addresses share the time until `connect_deadline`, which is also the deadline of the stream. Errors: see
/// `network::resolve`, `network::connect` (of the last address) and `tls_client_context::handshake`.
task<result<stream_ptr>> connect_to_host(network& client_network, connect_target target, deadline connect_deadline);

}  // namespace cohort::net
