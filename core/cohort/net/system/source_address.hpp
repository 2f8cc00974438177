// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/net/network.hpp>

namespace cohort::net {

/// Returns the local address that the routing table selects for connections to `peer`. Sends no packets. Thread-safe.
result<asio::ip::address> source_address(const endpoint& peer);

}  // namespace cohort::net
