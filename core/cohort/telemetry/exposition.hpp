// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <vector>

#include <cohort/telemetry/metrics.hpp>

namespace cohort::telemetry {

/// Exposition format: the format in which a scraper receives metrics.
enum class exposition_format {
  /// Prometheus text format 0.0.4.
  prometheus_text,
  /// OpenMetrics 1.0 (https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md).
  open_metrics,
};

/// Serializes counters, gauges, histograms and untyped metrics. Only OpenMetrics has exemplars. A series has the same
/// name and labels in both formats, so that it continues when a scraper changes the format.
///
/// In OpenMetrics, the name of a counter's family must be the counter's name without `_total`. If the counter's name
/// has no `_total`, or another family has the shortened name, the family has the type `unknown` and the counter's name.
std::string serialize_metrics(const std::vector<prometheus::MetricFamily>& families, exposition_format format,
                              const exemplar_table& exemplars = {});

}  // namespace cohort::telemetry
