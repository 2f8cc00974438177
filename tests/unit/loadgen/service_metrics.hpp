#pragma once

#include <string>

#include "core/telemetry/metrics.hpp"
#include "loadgen/server_scrape.hpp"

namespace cohort::test {

/// The metrics of a service as Cohort shows them.
class service_metrics {
 public:
  void served(const std::string& endpoint, int times, double seconds = 0.0007) {
    telemetry::labels request{{"endpoint", endpoint}, {"method", "GET"}};
    auto& durations = all_.make_histogram("time_service_http_request_duration_seconds", "Durations.", request);
    for (int i = 0; i < times; ++i) durations.observe(seconds);
    request.emplace_back("status", "200");
    all_.make_counter("time_service_http_requests_total", "Requests.", request).increment(times);
  }
  void used(double cpu_seconds, double resident_bytes) {
    cpu_.increment(cpu_seconds);
    resident_.add(resident_bytes - resident_.value());
  }
  std::string text() const { return all_.text(); }
  loadgen::server_snapshot snapshot(std::string_view path) const {
    return loadgen::snapshot_of(loadgen::parse_metrics(text()), path);
  }

 private:
  telemetry::registry all_{1};
  telemetry::counter& cpu_ = all_.make_counter("process_cpu_seconds_total", "CPU.");
  telemetry::gauge& resident_ = all_.make_gauge("process_resident_memory_bytes", "Memory.");
};

}  // namespace cohort::test
