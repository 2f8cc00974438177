// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <optional>
#include <string_view>
#include <vector>

#include <cohort/runtime/task.hpp>

namespace cohort::net {

/// Parses an IPv4 or IPv6 address; empty if the text is not an address. An IPv4-mapped IPv6 address (RFC 4291, section
/// 2.5.5.2) becomes the IPv4 address, and a zone (`%eth0`) is removed.
std::optional<asio::ip::address> parse_address(std::string_view text);

/// A set of IP networks, such as the trusted proxies of a server.
class network_list {
 public:
  /// An empty set, which contains no network.
  network_list() = default;

  /// Parses a comma-separated list. An entry is a network (`10.0.0.0/8`, `2001:db8::/32`), an address, or a word:
  /// `loopback` (127.0.0.0/8 and ::1), `private` (RFC 1918, RFC 4193 and the link-local networks) or `unix` (the peers
  /// of Unix domain sockets, whose address is `unix_peer_address`). An empty string is an empty list. Returns an empty
  /// optional if an entry is invalid or has address bits beyond the prefix (`10.0.0.1/8`), which is probably a mistake.
  static std::optional<network_list> parse(std::string_view text);

  bool empty() const noexcept { return networks_.empty() && !contains_unix_; }
  bool contains(const asio::ip::address& address) const;
  /// Like the overload above, but for the text of an address; false if the text is not an address.
  bool contains(std::string_view address) const;

 private:
  bool add(std::string_view entry);

  /// IPv4 networks are stored as IPv4-mapped IPv6 networks.
  std::vector<asio::ip::network_v6> networks_;
  bool contains_unix_ = false;
};

}  // namespace cohort::net
