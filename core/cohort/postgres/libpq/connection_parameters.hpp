// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <cohort/net/network.hpp>
#include <cohort/postgres/error.hpp>
#include <cohort/runtime/time/deadline.hpp>

namespace cohort::postgres {

/// The parameters of a connection, by libpq's keywords.
using connection_parameters = std::map<std::string, std::string>;

/// Parses a URL or a list of keywords. Adds the values of the environment. The error contains no part of the text.
result<connection_parameters> parse_connection_string(const std::string& text);

/// Resolves the host names in `host` into `hostaddr`, one entry for each address, because libpq would block.
/// Directories of Unix sockets, and hosts that have a `hostaddr`, remain unchanged.
task<result<connection_parameters>> resolve_hosts(connection_parameters parameters, net::network& network,
                                                  deadline resolve_deadline);

}  // namespace cohort::postgres
