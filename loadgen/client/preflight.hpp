// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <vector>

#include <cohort/http/client/client.hpp>
#include "loadgen/schedule/target.hpp"

namespace cohort::loadgen {

/// Sends each target's request once, to all targets at the same time, and returns one line for each target that fails,
/// in the order of the targets. A target fails without a response before `timeout`, or with a status that says that the
/// request is wrong: 401, 403, 404, 405 or 501. The requests are not part of the report.
///
/// For methods that may change something (POST, PUT, PATCH, DELETE), only the connection is made.
task<std::vector<std::string>> run_preflight(http::client& client, net::network& network,
                                             const std::vector<target>& targets, duration timeout);

}  // namespace cohort::loadgen
