// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/config/value_parsers.hpp>
#include <cohort/http/server/router.hpp>

namespace cohort::telemetry {
class registry;
}

namespace cohort::service {

class api_key_authenticator;

/// A filter that limits the request rate of each client. A client is an IPv4 address or an IPv6 /64 prefix
/// (`net::client_network`).
/// Requests above `limit` are rejected with 429 and `Retry-After`, and are counted in
/// `cohort_server_rate_limited_total`. Operations with `exempt_from_rate_limit` are exempt, if the request has a valid
/// API key or authentication is disabled. `metrics` and `authenticator` must outlive the filter.
http::filter rate_limit_filter(config::rate limit, telemetry::registry& metrics,
                               const api_key_authenticator& authenticator);

}  // namespace cohort::service
