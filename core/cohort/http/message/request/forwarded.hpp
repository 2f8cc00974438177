// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/ip/address.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cohort/http/message/request/request_head.hpp>
#include <cohort/net/network_list.hpp>

namespace cohort::http {

/// One hop of a request: an element of `Forwarded`, or of `X-Forwarded-For`.
struct forwarded_hop {
  /// The node that sent the request to the proxy of this hop; empty if the proxy hides it (`unknown`, `_name`).
  std::optional<asio::ip::address> address;
  /// `http` or `https`; empty if it is not stated.
  std::string proto;
  /// The `Host` field that the proxy received; empty if it is not stated.
  std::string host;
};

/// Parses a `Forwarded` field (RFC 7239 section 4); several field lines are joined with commas. The first hop is the
/// client, the last hop has been added by the nearest proxy. Returns an empty result if it is malformed.
std::optional<std::vector<forwarded_hop>> parse_forwarded(std::string_view value);

/// Parses one element of `X-Forwarded-For`: an IP address with or without a port, or `unknown`. Returns an empty result
/// if it is malformed.
std::optional<forwarded_hop> parse_x_forwarded_for_element(std::string_view element);

/// The client of a request, as stated by its proxies.
struct forwarded_client {
  /// The text of the IP address. If it is empty, the address is unknown, and the address of the connection is used.
  std::string address;
  /// `https` or `http`; empty if it is not stated.
  std::string proto;
  /// The host that the client requested; empty if it is not stated.
  std::string host;
  /// Whether the fields are malformed or contradict each other; the other members are then empty.
  bool is_malformed = false;
};

/// Finds the client of a request that a trusted proxy has forwarded. The hops are visited from the last to the first.
/// The client is the first address that is not in `trusted_networks`, or the first hop if all addresses are in them.
/// Earlier addresses can be forged by the client and are ignored; in `X-Forwarded-For` they may even be malformed. With
/// both `Forwarded` and `X-Forwarded-For`, both must name the same client: a proxy that sets one of them forwards the
/// other field as the client sent it. Without `Forwarded`, protocol and host are read from `X-Forwarded-Proto` and
/// `X-Forwarded-Host`: from the element of the client's hop, or from the last element if there are fewer.
forwarded_client find_forwarded_client(const request_head& head, const net::network_list& trusted_networks);

}  // namespace cohort::http
