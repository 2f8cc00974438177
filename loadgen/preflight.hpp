#pragma once

#include <string>
#include <vector>

#include "core/http/client.hpp"
#include "loadgen/target.hpp"

namespace cohort::loadgen {

/// Asks each target once, all at the same time, before any load: what would only fill the report with the same error
/// is told as one line a target instead. Not counted in the report.
///
/// No answer is an error, and so are 401, 403, 404, 405 and 501, which say that the request is not the right one; any
/// other status is what a load test may well want to see. What is not safe to send twice (POST, PATCH and the like) is
/// not sent: only the connection is tried.
task<std::vector<std::string>> preflight(http::client& through, net::network& reach, const std::vector<target>& targets,
                                         duration timeout);

}  // namespace cohort::loadgen
