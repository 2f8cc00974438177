// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <cohort/net/network.hpp>

namespace cohort::discovery {

/// RFC 1035 section 4.2.
inline constexpr std::uint16_t dns_port = 53;

/// The configuration of a stub resolver; see resolv.conf(5).
struct resolver_configuration {
  /// The name servers, at most three, which are queried in this order. Never empty after
  /// `parse_resolver_configuration`.
  std::vector<net::endpoint> servers;
  /// Search domains. A name with fewer than `ndots` dots is queried with these domains first; any other name only if
  /// the name itself has no records.
  std::vector<std::string> search;
  std::size_t ndots = 1;
  /// Timeout of one query to one server.
  duration timeout = std::chrono::seconds{2};
  /// Number of rounds over all servers.
  unsigned attempts = 2;
};

/// Parses the text of /etc/resolv.conf: `nameserver`, `domain`, `search`, and the options `ndots`, `timeout` and
/// `attempts`, within their limits. Other lines are ignored. Without a `nameserver` line, the server is 127.0.0.1.
resolver_configuration parse_resolver_configuration(std::string_view text);

/// Parses a file, as `parse_resolver_configuration` does. An unreadable file is treated as empty.
resolver_configuration read_resolver_configuration(const std::string& path = "/etc/resolv.conf");

}  // namespace cohort::discovery
