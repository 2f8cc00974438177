// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include <cohort/telemetry/metrics.hpp>
#include "loadgen/scrape/server_snapshot.hpp"

namespace cohort::test {

/// The metrics of one of Cohort's services.
class service_metrics {
 public:
  /// Counts requests with the given duration.
  void add_requests(const std::string& endpoint, int count, double seconds = 0.0007) {
    telemetry::label_set labels{{"endpoint", endpoint}, {"method", "GET"}};
    auto& durations = registry_.make_histogram("time_service_http_request_duration_seconds", "Durations.", labels);
    for (int i = 0; i < count; ++i) durations.observe(seconds);
    labels.emplace_back("status", "200");
    registry_.make_counter("time_service_http_requests_total", "Requests.", labels).increment(count);
  }
  /// Adds CPU time, and sets the resident memory.
  void update_usage(double added_cpu_seconds, double resident_bytes) {
    cpu_seconds_.increment(added_cpu_seconds);
    resident_bytes_.add(resident_bytes - resident_bytes_.value());
  }
  std::string text() const { return registry_.prometheus_text(); }
  loadgen::server_snapshot snapshot(std::string_view path) const {
    return loadgen::make_snapshot(loadgen::parse_metrics(text()), path);
  }

 private:
  telemetry::registry registry_{1};
  telemetry::counter& cpu_seconds_ = registry_.make_counter("process_cpu_seconds_total", "CPU.");
  telemetry::gauge& resident_bytes_ = registry_.make_gauge("process_resident_memory_bytes", "Memory.");
};

}  // namespace cohort::test
