// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <memory>
#include <string>

#include <cohort/http/server/proxy/reverse_proxy.hpp>
#include <cohort/telemetry/metrics.hpp>
#include "services/gateway/routes_file/routes_file.hpp"
#include "services/gateway/routing/mirror.hpp"

namespace cohort::gateway {

/// The copy of the request for the mirror of its route. Stored in the request's context.
struct mirror_slot {
  std::shared_ptr<mirrored_request> copy;
};

/// Returns a handler that forwards requests of a route to one upstream with `http::proxy_to`.
http::streaming_handler make_backend_handler(const route_entry& entry, std::shared_ptr<http::upstream> target,
                                             const std::string& base_url);

/// Returns the counters of responses by status class: 1xx to 5xx.
std::array<telemetry::counter*, 5> response_counters(telemetry::registry& metrics, const std::string& route,
                                                     const std::string& upstream);

}  // namespace cohort::gateway
