// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vector>

#include <cohort/net/network.hpp>
#include <cohort/policy/load_balancer.hpp>
#include <cohort/runtime/time/clock.hpp>

namespace cohort::http {

/// The idle connections to one origin, in the order of their last use. Used on one loop.
class idle_connections {
 public:
  /// Removes and returns the connection to `address` that was used last; null if there is none. Closes expired
  /// connections, and readable connections: the server has closed them or sent bytes without a request.
  net::stream_ptr take(const net::endpoint& address, time_point now);
  /// Keeps a connection until `expiry`. At `max_size`, the least recently used connection is closed.
  void put(const net::endpoint& address, net::stream_ptr stream, time_point expiry, std::size_t max_size);
  /// Closes connections that have expired, and connections to addresses that `known` no longer contains.
  void close_expired(time_point now, const policy::load_balancer& known);
  void close_all() noexcept { connections_.clear(); }
  void close_connections_to(const net::endpoint& address);

  std::size_t count_connections_to(const net::endpoint& address) const noexcept;
  bool empty() const noexcept { return connections_.empty(); }
  /// The earliest expiry; `time_point::max()` if there are no connections.
  time_point next_expiry() const noexcept;

 private:
  struct idle_connection {
    net::endpoint address;
    net::stream_ptr stream;
    time_point expiry;
  };
  std::vector<idle_connection> connections_;
};

}  // namespace cohort::http
