// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/net/resolver.hpp>

namespace cohort::net {

/// Resolves a name with `getaddrinfo`, blocking. Addresses of a family that the machine has on no interface but
/// loopback are left out, unless they are loopback addresses themselves. `localhost` and names below it have all
/// loopback addresses of the machine, whatever /etc/hosts says (RFC 6761 section 6.3). Thread-safe.
resolver::addresses system_lookup(const std::string& host);

}  // namespace cohort::net
