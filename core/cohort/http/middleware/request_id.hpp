// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/http/server/pipeline.hpp>

namespace cohort::http {

/// Sends the ID of the request (`request_context::id`) in the `X-Request-Id` field of the response, so that a client
/// can quote it. It is the client's own `X-Request-Id` if that is valid.
middleware request_id();

}  // namespace cohort::http
