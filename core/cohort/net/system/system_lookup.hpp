// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/net/resolver.hpp>

namespace cohort::net {

/// Resolves a name with `getaddrinfo`, and blocks the calling thread. Omits addresses of a family without a
/// non-loopback interface, except loopback addresses. `localhost` and names below it resolve to all loopback addresses
/// of the machine, independently of /etc/hosts (RFC 6761 section 6.3). Thread-safe.
resolver::addresses system_lookup(const std::string& host);

}  // namespace cohort::net
