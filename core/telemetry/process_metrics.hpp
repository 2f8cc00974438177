#pragma once

#include "core/telemetry/metrics.hpp"

namespace cohort::telemetry {

/// `process_*` as the Prometheus client libraries define them, read from `/proc/self` at each scrape.
/// Source: https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics
void add_process_metrics(registry& to);

}  // namespace cohort::telemetry
