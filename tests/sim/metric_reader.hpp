// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include <cohort/telemetry/metrics.hpp>

namespace cohort::test {

/// A snapshot of a registry's metrics.
class metric_reader {
 public:
  using label_list = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  explicit metric_reader(const telemetry::registry& metrics) : families_(metrics.collect()) {}

  /// Returns the sum of all counters and gauges of that name that have at least these labels.
  double sum(std::string_view name, label_list labels = {}) const {
    double total = 0;
    for (const auto& family : families_) {
      if (family.name != name) continue;
      for (const auto& metric : family.metric) {
        if (has_labels(metric, labels)) total += metric.counter.value + metric.gauge.value;
      }
    }
    return total;
  }

 private:
  static bool has_labels(const prometheus::ClientMetric& metric, label_list labels) {
    return std::all_of(labels.begin(), labels.end(), [&](const auto& required) {
      return std::any_of(metric.label.begin(), metric.label.end(), [&](const auto& label) {
        return label.name == required.first && label.value == required.second;
      });
    });
  }

  std::vector<prometheus::MetricFamily> families_;
};

}  // namespace cohort::test
