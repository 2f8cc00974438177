// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/http/server/pipeline.hpp>

namespace cohort::http {

/// Sends the ID of the request (`request_context::id`) in the `X-Request-Id` field of the response, so that a client
/// can refer to it. If the client sent a valid `X-Request-Id`, the ID is that value.
middleware request_id();

}  // namespace cohort::http
