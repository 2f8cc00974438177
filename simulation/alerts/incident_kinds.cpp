// SPDX-License-Identifier: BSL-1.0
#include "simulation/alerts/incident_parts.hpp"

namespace cohort::simulation::alerts {

using namespace std::chrono_literals;

std::string faults_json(std::string_view member, std::int64_t value) {
  return "{\"" + std::string{member} + "\":" + std::to_string(value) + ",\"seconds\":3600}";
}

task<> inject_faults(monitored_fleet& fleet, std::string service, std::string json) {
  auto inject_task = fleet.set_faults(service, std::move(json));
  co_await std::move(inject_task);
  auto wait_task = fleet.wait_until(fleet.run().fault_end);
  co_await std::move(wait_task);
  auto remove_task = fleet.set_faults(service, "");
  co_await std::move(remove_task);
}

task<> deploy_service(monitored_fleet& fleet, std::string service) {
  for (auto* node : fleet.replicas(service)) {
    auto deploy_task = fleet.deploy(*node);
    co_await std::move(deploy_task);
  }
}

const std::vector<incident_kind>& incident_kinds() {
  static const auto kinds = [] {
    auto all = service_incidents();
    for (const auto& kinds : {caller_incidents(), platform_incidents()}) {
      all.insert(all.end(), kinds.begin(), kinds.end());
    }
    return all;
  }();
  return kinds;
}

incident draw_incident(const incident_kind& kind, std::uint64_t seed, const incident_times& times) {
  random_generator random{seed ^ 0x1DC1DE27U};
  incident details;
  details.kind = kind.name;
  details.seed = seed;
  details.load.requests_per_second = 3 + 4 * random.uniform();
  details.fault_start = times.before + random.uniform_between(0s, 15s);
  details.fault_end = details.fault_start + times.fault;
  details.length = times.before + times.fault + times.after;
  kind.draw(random, details);
  return details;
}

incident draw_quiet_run(std::uint64_t seed, duration length) {
  random_generator random{seed ^ 0x91E7U};
  incident details;
  details.kind = incident::quiet_kind;
  details.seed = seed;
  details.length = length;
  details.load.requests_per_second = 1 + 7 * random.uniform();
  details.load.place_count = 3 + random.uniform_below(40);
  details.description = "normal variation";
  if (random.bernoulli(1.0 / 3)) {
    const auto service = draw_from(random, all_programs);
    details.description += "; " + service + " is deployed again";
    details.fault_start = details.fault_end = random.uniform_between(length / 10, length);
    details.inject = [service](monitored_fleet& fleet) { return deploy_service(fleet, service); };
  } else if (random.bernoulli(0.5)) {
    const auto outage_length = random.uniform_between(5s, 40s);
    details.fault_start = random.uniform_between(length / 10, length * 8 / 10);
    details.fault_end = details.fault_start + outage_length;
    const bool is_broker = random.bernoulli(0.5);
    details.description += std::string{"; "} + (is_broker ? "the broker" : "etcd") + " restarts within " +
                           std::to_string(std::chrono::round<std::chrono::seconds>(outage_length).count()) + " s";
    details.inject = [is_broker](monitored_fleet& fleet) {
      return is_broker ? stop_broker(fleet, false) : stop_discovery(fleet, false);
    };
  }
  return details;
}

}  // namespace cohort::simulation::alerts
