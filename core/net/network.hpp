#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <string>
#include <vector>

#include "core/net/stream.hpp"

namespace cohort::net {

using endpoint = asio::ip::tcp::endpoint;

/// Where a server's connections come from.
class acceptor {
 public:
  virtual ~acceptor() = default;
  /// The next connection, made on `target`: only that loop may use it. Ends with `operation_aborted` once closed.
  virtual task<result<stream_ptr>> accept(loop& target) = 0;
  virtual endpoint local_endpoint() const = 0;
  /// No more connections; waiting ones are refused.
  virtual void close() noexcept = 0;
};

/// How a client gets at its peers. One serves all loops.
class network {
 public:
  virtual ~network() = default;
  /// All addresses of a name (or the address itself), at least one. Never blocks the loop; ends at `until` with
  /// `timed_out` even when the resolver does not answer.
  virtual task<result<std::vector<endpoint>>> resolve(std::string host, std::uint16_t port, deadline until) = 0;
  virtual task<result<stream_ptr>> connect(endpoint peer, deadline until) = 0;
};

}  // namespace cohort::net
