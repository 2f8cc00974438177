// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/http/server/pipeline.hpp>

namespace cohort::http {

/// Limits the time of the rest of the pipeline, including the body of the request: its deadline becomes at most `limit`
/// from now. When the deadline passes, the rest of the pipeline is cancelled, and the response is 504. Use this
/// middleware for groups of routes. For a single operation, use `operation::timeout`, which has less overhead and can
/// also be longer than the server's timeout.
middleware timeout(duration limit);

}  // namespace cohort::http
