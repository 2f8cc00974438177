// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include <cohort/config/value_parsers.hpp>
#include "loadgen/client/address_overrides.hpp"

// The parsers of the flags for the addresses and options of connections.
namespace cohort::loadgen {

/// `HOST1:PORT1:HOST2:PORT2`; each part may be empty. IPv6 addresses are in brackets.
config::value_parser<connect_override> connect_to_parser();
/// `HOST:PORT:ADDRESS[,ADDRESS]...`; the host may be `*`. An IPv6 address as host is in brackets.
config::value_parser<resolve_override> resolve_parser();
/// A host name or an IP address, without a port.
config::value_parser<std::string> server_name_parser();

}  // namespace cohort::loadgen
