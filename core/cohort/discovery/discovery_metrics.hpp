// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include <cohort/telemetry/metrics.hpp>

namespace cohort::discovery {

/// The metrics of one watched service, with the labels `upstream` and `source`. All series exist from the start.
class watch_metrics {
 public:
  /// `registry` must outlive the metrics. Until the first success, `start_time` is reported as the time of the last
  /// success.
  watch_metrics(telemetry::registry& registry, const std::string& upstream, const std::string& source,
                wall_time start_time);

  void record_endpoints(std::size_t count);
  void record_success(wall_time now);

  telemetry::counter& updates;
  telemetry::counter& errors;

 private:
  telemetry::gauge& endpoints_;
  telemetry::gauge& last_success_;
};

/// The metrics of the registration of one service, with the label `source`.
class registration_metrics {
 public:
  registration_metrics(telemetry::registry& registry, const std::string& source);

  void set_registered(bool is_registered);

  telemetry::counter& renewals;
  telemetry::counter& errors;

 private:
  telemetry::gauge& registered_;
};

}  // namespace cohort::discovery
