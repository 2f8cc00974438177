// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include <cohort/net/network.hpp>

namespace cohort::discovery {

/// Sends one query to a name server and returns the response that matches it (`is_dns_response_to`). Errors:
/// `timed_out` at the deadline, `operation_aborted` when cancelled, and errors of the network. Never blocks the loop.
class dns_transport {
 public:
  virtual ~dns_transport() = default;
  virtual task<result<std::string>> exchange(net::endpoint server, std::string query, deadline exchange_deadline) = 0;
};

/// UDP sockets of the operating system, one for each query, so that the port of a query is unpredictable (RFC 5452
/// section 9.2).
class udp_dns_transport final : public dns_transport {
 public:
  task<result<std::string>> exchange(net::endpoint server, std::string query, deadline exchange_deadline) override;
};

/// TCP (RFC 1035 section 4.2.2), also over a simulated network.
class tcp_dns_transport final : public dns_transport {
 public:
  /// `network` must outlive the transport.
  explicit tcp_dns_transport(net::network& network) noexcept : network_(network) {}
  task<result<std::string>> exchange(net::endpoint server, std::string query, deadline exchange_deadline) override;

 private:
  net::network& network_;
};

}  // namespace cohort::discovery
