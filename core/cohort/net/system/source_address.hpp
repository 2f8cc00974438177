// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/net/network.hpp>

namespace cohort::net {

/// The address of this machine from which connections to `peer` are made, by its routes. Sends nothing. Thread-safe.
result<asio::ip::address> source_address(const endpoint& peer);

}  // namespace cohort::net
