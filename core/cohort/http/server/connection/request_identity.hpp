// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string_view>

#include <cohort/http/message/request/request_head.hpp>
#include <cohort/runtime/random.hpp>
#include <cohort/telemetry/trace_context.hpp>

namespace cohort::http {

/// Whether the `X-Request-Id` of a client can be used unchanged in log lines and requests to upstreams: 1 to 128
/// letters, digits, hyphens, underscores and dots.
bool is_valid_request_id(std::string_view id) noexcept;

/// The trace from `traceparent` and `tracestate`; a new trace if `traceparent` is absent, invalid or repeated.
telemetry::trace_context request_trace(const request_head& head, random_generator& random) noexcept;

}  // namespace cohort::http
