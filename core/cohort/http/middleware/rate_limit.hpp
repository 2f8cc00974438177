// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <string>

#include <cohort/config/value_parsers.hpp>
#include <cohort/http/server/pipeline.hpp>

namespace cohort::http {

/// Optional parts of `rate_limit`.
struct rate_limit_hooks {
  /// Returns the client to which a request is attributed, such as its authenticated user. Default: the network of the
  /// client's address.
  std::function<std::string(const request_context&)> client;
  /// Requests for which the function returns true are neither counted nor rejected.
  std::function<bool(const request_context&)> is_exempt;
  /// Called for each rejected request.
  std::function<void()> on_rejected;
};

/// Limits the request rate of each client: a burst of `limit.count` requests, refilled evenly within `limit.period`. A
/// client is an IP address (IPv6: a /64 prefix, see `net::client_network`), unless `hooks` identifies clients. Requests
/// above the limit are rejected with 429 and `Retry-After`. One limit applies to all loops and to all routes to which
/// the filter is added.
filter rate_limit(config::rate limit, rate_limit_hooks hooks = {});

}  // namespace cohort::http
