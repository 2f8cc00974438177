#pragma once

#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include "core/telemetry/metrics.hpp"

namespace cohort::test {

/// A registry's series as they are now.
class metric_reader {
 public:
  using wanted_labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  explicit metric_reader(const telemetry::registry& of) : families_(of.collect()) {}

  /// Of all counters and gauges of that name that have these labels.
  double sum(std::string_view name, wanted_labels with = {}) const {
    double all = 0;
    for (const auto& family : families_) {
      if (family.name != name) continue;
      for (const auto& each : family.metric) {
        if (has(each, with)) all += each.counter.value + each.gauge.value;
      }
    }
    return all;
  }

 private:
  static bool has(const prometheus::ClientMetric& metric, wanted_labels with) {
    return std::all_of(with.begin(), with.end(), [&](const auto& wanted) {
      return std::any_of(metric.label.begin(), metric.label.end(),
                         [&](const auto& label) { return label.name == wanted.first && label.value == wanted.second; });
    });
  }

  std::vector<prometheus::MetricFamily> families_;
};

}  // namespace cohort::test
