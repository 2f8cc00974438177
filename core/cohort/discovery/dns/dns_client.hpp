// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <string>

#include <cohort/discovery/dns/dns_message.hpp>
#include <cohort/discovery/dns/dns_transport.hpp>
#include <cohort/discovery/dns/resolver_configuration.hpp>
#include <cohort/discovery/endpoint_source.hpp>

namespace cohort::discovery {

/// A stub resolver that returns the TTL of its answers, which `getaddrinfo` does not. The resolver has no cache and
/// does not read /etc/hosts. Used on one loop.
class dns_client {
 public:
  /// TTL limits in seconds. The limits bound the query interval for any TTL that a name server returns.
  static constexpr std::uint32_t min_ttl = 1;
  static constexpr std::uint32_t max_ttl = 300;

  struct answer {
    /// Empty if the name does not exist or has no records of the type.
    std::vector<dns_record> records;
    /// Seconds, from `min_ttl` to `max_ttl`.
    std::uint32_t ttl = max_ttl;
    /// The additional records of the response.
    std::vector<dns_record> additional;
  };

  /// Queries are sent through `datagrams` first; if `datagrams` is null, only by TCP. `network` must outlive the
  /// client.
  dns_client(net::network& network, std::unique_ptr<dns_transport> datagrams, resolver_configuration configuration);

  /// Queries records, and applies the search domains. The error contains the name and the reason for the failure of the
  /// last server.
  task<result<answer, source_error>> look_up(std::string name, dns_type type);

 private:
  task<result<answer, source_error>> look_up_absolute(std::string name, dns_type type);
  /// Queries one server: by datagram, and by TCP if the response is truncated.
  task<result<dns_response>> send_query(net::endpoint server, std::string name, dns_type type);
  std::vector<std::string> candidates(const std::string& name) const;

  std::unique_ptr<dns_transport> datagrams_;
  tcp_dns_transport tcp_;
  resolver_configuration configuration_;
};

}  // namespace cohort::discovery
