// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <vector>

#include <cohort/net/network.hpp>
#include "loadgen/schedule/load_settings.hpp"

namespace cohort::loadgen {

/// Sends each target's request once, to all targets concurrently, and returns one line for each target that fails,
/// in the order of the targets. A target fails if it does not respond within the configured timeout, or responds with a
/// status that indicates an invalid request: 401, 403, 404, 405 or 501. The requests are not part of the report.
///
/// For targets with an unsafe method (POST, PUT, PATCH, DELETE), only opens a connection.
task<std::vector<std::string>> run_preflight(net::network& network, const load_settings& settings);

}  // namespace cohort::loadgen
