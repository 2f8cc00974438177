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

/// Adds `/health`, `/livez`, `/readyz` (503 while `draining`, or while `starting` if that is not null) and `/metrics`.
/// Its format is OpenMetrics with exemplars if the client prefers that, otherwise the Prometheus text format. The
/// arguments must outlive the routes.
void add_probe_routes(http::router& routes, const telemetry::registry& metrics, const std::atomic<bool>& draining,
                      const std::atomic<bool>* starting = nullptr);

}  // namespace cohort::service
