// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <cohort/net/network.hpp>

namespace cohort::discovery {

/// Parses `IP:PORT`, `[IPv6]:PORT` or, with a `default_port` other than 0, an IP address alone. Empty if the text has
/// none of these forms or the port is 0.
std::optional<net::endpoint> parse_endpoint(std::string_view text, std::uint16_t default_port = 0);

/// The address and port of an instance. Empty unless `host` is an IP address other than a wildcard address, and the
/// port is from 1 to 65535.
std::optional<net::endpoint> make_endpoint(std::string_view host, std::uint64_t port);

}  // namespace cohort::discovery
