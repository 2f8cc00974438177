// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

namespace cohort::net {

/// The network that one client controls, for limits per client: for an IPv6 address its /64, which is the smallest
/// network that a host is assigned (RFC 6177, section 2; RFC 7421); for an IPv4 address the address itself. An IPv4
/// address within an IPv6 address counts as IPv4: IPv4-mapped (RFC 4291, section 2.5.5.2) and translated with the
/// well-known prefix 64:ff9b::/96 (RFC 6052). All hosts of a link share the /64 of link-local addresses, so each of
/// these addresses counts separately. A text that is not an IP address is returned unchanged.
std::string client_network(std::string_view address);

}  // namespace cohort::net
