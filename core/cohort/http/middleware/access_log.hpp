// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/http/server/pipeline.hpp>
#include <cohort/telemetry/log.hpp>

namespace cohort::http {

/// Writes one log line `access` for each request, at level info, after the last byte of the response, including a
/// streamed one. The fields are `id`, `method`, `path` (without the query, which may contain secrets), `route`,
/// `status`, `bytes` (of the body, as sent), `duration_ms`, `complete` (whether the entire response was sent), `peer`
/// and `user_agent`.
///
/// The server itself writes a line `request` with most of these fields for each request. Use this filter for routes
/// with a separate log, or with the user agent in the log. The sink of `log` must outlive the server.
filter access_log(telemetry::logger log);

}  // namespace cohort::http
