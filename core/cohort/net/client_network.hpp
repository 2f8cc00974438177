// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

namespace cohort::net {

/// Returns the network to which a limit per client applies. The network of an IPv4 address is the address itself. For
/// an IPv6 address, it is the /64 prefix, the smallest network that is assigned to a host (RFC 6177, section 2; RFC
/// 7421). An IPv6 address that contains an IPv4 address counts as IPv4: IPv4-mapped (RFC 4291, section 2.5.5.2) and
/// translated with the well-known prefix 64:ff9b::/96 (RFC 6052). All hosts of a link share the /64 of link-local
/// addresses, so each of these addresses counts separately. A string that is not an IP address is returned unchanged.
std::string client_network(std::string_view address);

}  // namespace cohort::net
