// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <vector>

#include <cohort/net/network.hpp>

namespace cohort::loadgen {

/// Redirects connections for a host and port to another server. The URL, the field `Host` and TLS use the original
/// host.
struct connect_override {
  /// Any host if empty.
  std::string host;
  /// Any port if zero.
  std::uint16_t port = 0;
  /// The original host if empty.
  std::string new_host;
  /// The original port if zero.
  std::uint16_t new_port = 0;
};

/// Addresses of a host and port, which replace a DNS lookup.
struct resolve_override {
  /// `*`: any host.
  std::string host;
  std::uint16_t port = 0;
  std::vector<asio::ip::address> addresses;
};

/// Address overrides with the semantics of curl's `--connect-to` and `--resolve`. The first matching override applies;
/// `resolve` applies to the host after `connect_to`.
struct address_overrides {
  std::vector<connect_override> connect_to;
  std::vector<resolve_override> resolve;
};

/// A network that applies address overrides to its connections. Thread-safe if `network` is.
class overridden_network final : public net::network {
 public:
  /// `network` must outlive this object.
  overridden_network(net::network& network, address_overrides overrides)
      : network_(network), overrides_(std::move(overrides)) {}

  task<result<std::vector<net::endpoint>>> resolve(std::string host, std::uint16_t port,
                                                   deadline resolve_deadline) override;
  task<result<net::stream_ptr>> connect(net::endpoint peer, deadline connect_deadline) override {
    return network_.connect(peer, connect_deadline);
  }
  task<result<net::stream_ptr>> connect_unix(std::string path, deadline connect_deadline) override {
    return network_.connect_unix(std::move(path), connect_deadline);
  }

 private:
  net::network& network_;
  address_overrides overrides_;
};

}  // namespace cohort::loadgen
