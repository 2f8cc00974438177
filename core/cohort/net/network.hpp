// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/ip/basic_endpoint.hpp>
#include <boost/system/errc.hpp>
#include <string>
#include <string_view>
#include <vector>

#include <cohort/net/stream.hpp>

// Declared here because <boost/asio/ip/tcp.hpp> more than doubles the compile time of a file that needs no socket.
namespace boost::asio::ip {
class tcp;
}

namespace cohort::net {

/// `asio::ip::tcp::endpoint`: an IP address and a port.
using endpoint = asio::ip::basic_endpoint<asio::ip::tcp>;

/// `stream::peer_address` of a Unix domain socket.
inline constexpr std::string_view unix_peer_address = "unix";

/// Accepts the incoming connections of a server.
class acceptor {
 public:
  virtual ~acceptor() = default;
  /// Waits for a connection and returns it as a stream of the loop `target`. Fails with `operation_aborted` once the
  /// acceptor is closed.
  virtual task<result<stream_ptr>> accept(loop& target) = 0;
  virtual endpoint local_endpoint() const = 0;
  /// Stops listening. A pending `accept` fails with `operation_aborted`. Connections that have not been accepted are
  /// refused.
  virtual void close() noexcept = 0;
  /// The path of a Unix domain socket; empty for other endpoints.
  virtual std::string unix_path() const { return {}; }
};

/// Name resolution and outgoing connections of a client. One network serves all loops.
class network {
 public:
  virtual ~network() = default;
  /// Resolves a host name (or parses an IP address) into one or more endpoints. Never blocks the loop. Errors:
  /// `timed_out` at the deadline even if the resolver does not respond, `operation_aborted` when cancelled,
  /// `host_not_found`, and other errors of the system resolver.
  virtual task<result<std::vector<endpoint>>> resolve(std::string host, std::uint16_t port,
                                                      deadline resolve_deadline) = 0;
  /// Connects to one endpoint. Errors: `timed_out` at the deadline, `operation_aborted` when cancelled,
  /// `connection_refused` and other system errors.
  virtual task<result<stream_ptr>> connect(endpoint peer, deadline connect_deadline) = 0;
  /// Connects to the Unix domain socket `path`. Errors: as for `connect`, and `no_such_file_or_directory`,
  /// `permission_denied`. The default implementation, for networks without Unix domain sockets, returns
  /// `address_family_not_supported`.
  virtual task<result<stream_ptr>> connect_unix(std::string path, deadline connect_deadline);
};

inline task<result<stream_ptr>> network::connect_unix(std::string, deadline) {
  co_return boost::system::errc::make_error_code(boost::system::errc::address_family_not_supported);
}

}  // namespace cohort::net
