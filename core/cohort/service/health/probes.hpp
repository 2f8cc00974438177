// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>

namespace cohort::http {
class router;
}
namespace cohort::telemetry {
class registry;
}

namespace cohort::service {

/// Adds `/health`, `/livez`, `/readyz` (503 while `is_draining`, or while `is_starting` if that is not null) and
/// `/metrics`. The format of `/metrics` is OpenMetrics with exemplars if the client prefers it, otherwise the
/// Prometheus text format. The arguments must outlive the routes.
void add_probe_routes(http::router& routes, const telemetry::registry& metrics, const std::atomic<bool>& is_draining,
                      const std::atomic<bool>* is_starting = nullptr);

}  // namespace cohort::service
