// SPDX-License-Identifier: BSL-1.0
#include <cohort/discovery/discovery_metrics.hpp>

namespace cohort::discovery {
namespace {

/// The value of a gauge cannot be assigned, because it is the sum of the shards.
void assign(telemetry::gauge& target, double value) { target.add(value - target.value()); }

double unix_seconds(wall_time time) { return to_seconds(time.time_since_epoch()); }

}  // namespace

watch_metrics::watch_metrics(telemetry::registry& registry, const std::string& upstream, const std::string& source,
                             wall_time start_time)
    : updates(registry.make_counter("cohort_discovery_updates_total",
                                    "Endpoint changes of an upstream service reported by discovery.",
                                    {{"upstream", upstream}, {"source", source}})),
      errors(registry.make_counter("cohort_discovery_errors_total",
                                   "Failed requests to the discovery source of an upstream service.",
                                   {{"upstream", upstream}, {"source", source}})),
      endpoints_(registry.make_gauge("cohort_discovery_endpoints",
                                     "Number of endpoints of an upstream service returned by discovery.",
                                     {{"upstream", upstream}, {"source", source}})),
      last_success_(registry.make_gauge(
          "cohort_discovery_last_success_timestamp_seconds",
          "Unix time of the last response of the discovery source; the start time before the first response.",
          {{"upstream", upstream}, {"source", source}})) {
  record_success(start_time);
}

void watch_metrics::record_endpoints(std::size_t count) { assign(endpoints_, static_cast<double>(count)); }

void watch_metrics::record_success(wall_time now) { assign(last_success_, unix_seconds(now)); }

registration_metrics::registration_metrics(telemetry::registry& registry, const std::string& source)
    : renewals(registry.make_counter("cohort_discovery_registrations_total",
                                     "Registrations of this replica in discovery, including renewals.",
                                     {{"source", source}})),
      errors(registry.make_counter("cohort_discovery_registration_errors_total",
                                   "Failed registrations of this replica in discovery, including renewals.",
                                   {{"source", source}})),
      registered_(registry.make_gauge("cohort_discovery_registered",
                                      "1 while the last registration of this replica in discovery succeeded, else 0.",
                                      {{"source", source}})) {}

void registration_metrics::set_registered(bool is_registered) { assign(registered_, is_registered ? 1 : 0); }

}  // namespace cohort::discovery
