// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/http/server/pipeline.hpp>

namespace cohort::http {

/// Limits the time of the rest of the pipeline, including the body of the request: its deadline becomes at most `limit`
/// from now. At that time the rest is cancelled, and the response is 504. For groups of routes; a single operation has
/// `operation::timeout`, which costs less and can also be longer than the server's timeout.
middleware timeout(duration limit);

}  // namespace cohort::http
