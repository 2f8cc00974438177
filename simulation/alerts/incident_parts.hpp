// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

#include <cohort/runtime/concurrency/wait_queue.hpp>
#include "simulation/alerts/monitored_fleet.hpp"

// Building blocks of the incident kinds.
namespace cohort::simulation::alerts {

inline constexpr std::string_view upstream_services[] = {"time-service", "system-info-service", "weather-service"};
inline constexpr std::string_view all_services[] = {"time-service", "system-info-service", "weather-service",
                                                    "dashboard-service"};
/// The services and the gateway; the gateway has no fault injector.
inline constexpr std::string_view all_programs[] = {"time-service", "system-info-service", "weather-service",
                                                    "dashboard-service", "gateway-service"};

/// Returns the label that selects the alerts of a service.
inline std::string job(std::string_view service) { return "job=\"" + std::string{service} + "\""; }

template <std::size_t Size>
std::string draw_from(random_generator& random, const std::string_view (&names)[Size]) {
  return std::string{names[random.uniform_below(Size)]};
}

inline std::int64_t draw_between(random_generator& random, std::int64_t min, std::int64_t max) {
  return min + static_cast<std::int64_t>(random.uniform_below(static_cast<std::uint64_t>(max - min + 1)));
}

/// Draws the time to the next call of callers with Poisson arrivals at `rate` calls per second.
inline duration draw_interarrival_time(random_generator& random, double rate) {
  return duration{static_cast<duration::rep>(random.exponential() / rate * 1e9)};
}

/// Returns the body of `PUT /api/faults` with one fault.
std::string faults_json(std::string_view member, std::int64_t value);
/// Injects faults into a service until the end of the incident.
task<> inject_faults(monitored_fleet& fleet, std::string service, std::string json);
/// Sets the state of the servers outside the fleet that `servers` points to, such as `&monitored_fleet::providers`,
/// until the end of the incident.
task<> set_server_state(monitored_fleet& fleet, monitored_fleet::server_state monitored_fleet::* servers,
                        monitored_fleet::server_state state);
/// Requests the weather of new places at this mean rate per second, until the end of the incident.
task<> crawl(monitored_fleet& fleet, double rate);
/// Stops the broker or etcd until the end of the incident: its machine if `is_machine_lost`, otherwise only its
/// process.
task<> stop_broker(monitored_fleet& fleet, bool is_machine_lost);
task<> stop_discovery(monitored_fleet& fleet, bool is_machine_lost);
/// Stops and restarts the replicas of a service, one at a time.
task<> deploy_service(monitored_fleet& fleet, std::string service);

/// Incidents of services.
std::vector<incident_kind> service_incidents();
/// Incidents of callers, weather providers and operators.
std::vector<incident_kind> caller_incidents();
/// Incidents of the gateway, the message broker and the discovery system.
std::vector<incident_kind> platform_incidents();

}  // namespace cohort::simulation::alerts
