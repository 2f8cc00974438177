// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace cohort::telemetry {

class registry;

/// Adds the `process_*` metrics of the Prometheus client libraries, read from `/proc/self` at each scrape.
/// Source: https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics
void add_process_metrics(registry& metrics);

}  // namespace cohort::telemetry
