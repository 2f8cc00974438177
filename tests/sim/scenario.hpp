// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <optional>

#include <cohort/sim/host.hpp>
#include <cohort/sim/shrink/schedule.hpp>

namespace cohort::test {

/// The nodes of the stack, by name. The dashboard is always part of the fleet.
inline constexpr const char* dashboard_name = "dashboard-service";
inline constexpr const char* time_name = "time-service";
inline constexpr const char* sysinfo_name = "system-info-service";
inline constexpr const char* weather_name = "weather-service";
inline constexpr const char* wttr_name = "wttr.test";
inline constexpr const char* open_meteo_name = "meteo.test";
/// The host of the load generator.
inline constexpr const char* load_host_name = "loadgen";

/// The parameters of one run of the four services.
struct scenario {
  /// Only faults that must not lose a request are injected: graceful restarts, slow lookups, clock steps, higher
  /// latency, and failures of the weather providers.
  bool is_lossless = false;
  std::size_t time_replica_count = 1;
  sim::link_conditions links;
  /// Sent to the dashboard in a deadline header.
  std::optional<duration> deadline;
  /// The client closes the connection after this time.
  duration client_timeout = std::chrono::seconds{10};
  bool keep_alive = true;
  std::int64_t cache_seconds = 600;
};

/// Returns all inputs that are derived from a seed: parameters, nodes, requests and faults.
sim::schedule draw_schedule(std::uint64_t seed);

/// Returns a schedule for the audit: 30 s of load on the stack with its default settings, 40 requests per second and 12
/// faults. With an even seed, the clients have a deadline of 500 ms.
sim::schedule draw_long_schedule(std::uint64_t seed);

/// Reads the parameters and nodes of a schedule. Throws `std::invalid_argument` if a value is invalid.
scenario scenario_of(const sim::schedule& schedule);

}  // namespace cohort::test
