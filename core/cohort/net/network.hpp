// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/ip/basic_endpoint.hpp>
#include <string>
#include <vector>

#include <cohort/net/stream.hpp>

// Only declared: <boost/asio/ip/tcp.hpp> more than doubles the compile time of a file that needs no socket.
namespace boost::asio::ip {
class tcp;
}

namespace cohort::net {

/// `asio::ip::tcp::endpoint`: an IP address and a port.
using endpoint = asio::ip::basic_endpoint<asio::ip::tcp>;

/// Source of incoming connections of a server.
class acceptor {
 public:
  virtual ~acceptor() = default;
  /// Waits for a connection and returns it as a stream of the loop `target`. `operation_aborted` once closed.
  virtual task<result<stream_ptr>> accept(loop& target) = 0;
  virtual endpoint local_endpoint() const = 0;
  /// Stops listening. A pending `accept` ends; connections not accepted yet are refused.
  virtual void close() noexcept = 0;
};

/// Name resolution and outgoing connections of a client. One network serves all loops.
class network {
 public:
  virtual ~network() = default;
  /// Resolves a host name (or parses an IP address) into one or more endpoints. Never blocks the loop. Errors:
  /// `timed_out` at the deadline even if the resolver does not respond, `operation_aborted` when cancelled,
  /// `host_not_found` and others of the system resolver.
  virtual task<result<std::vector<endpoint>>> resolve(std::string host, std::uint16_t port,
                                                      deadline resolve_deadline) = 0;
  /// Connects to one endpoint. Errors: `timed_out` at the deadline, `operation_aborted` when cancelled,
  /// `connection_refused` and other system errors.
  virtual task<result<stream_ptr>> connect(endpoint peer, deadline connect_deadline) = 0;
};

}  // namespace cohort::net
