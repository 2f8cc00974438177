#pragma once

#include <atomic>

#include "core/http/router.hpp"
#include "core/telemetry/metrics.hpp"

namespace cohort::service {

/// `/health`, `/livez`, `/readyz` (503 once `draining`) and `/metrics`, as OpenMetrics with exemplars for
/// whoever prefers that, else in Prometheus' text format.
void add_probes(http::router& to, const telemetry::registry& metrics, const std::atomic<bool>& draining);

}  // namespace cohort::service
