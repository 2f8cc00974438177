#pragma once

#include <string>
#include <vector>

#include "core/telemetry/metrics.hpp"

namespace cohort::telemetry {

/// How metrics are written for whoever scrapes them.
enum class exposition {
  /// Prometheus' text format 0.0.4.
  text,
  /// OpenMetrics 1.0 (https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md).
  open_metrics,
};

/// Counters, gauges and histograms, as a registry and its collectors have them, and what has no type. Each series has
/// the same name and labels in both formats, so that it stays one series when a scraper changes from one to the other.
///
/// OpenMetrics wants a counter's family to be named without `_total`. Where that cannot be (the counter's name has
/// none, or another family has that name), it is written as `unknown`, with the name that it has.
std::string exposed(const std::vector<prometheus::MetricFamily>& families, exposition format,
                    const exemplar_table& exemplars = {});

}  // namespace cohort::telemetry
