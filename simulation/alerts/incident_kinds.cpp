// SPDX-License-Identifier: BSL-1.0
#include "simulation/alerts/incident_parts.hpp"

namespace cohort::simulation::alerts {

using namespace std::chrono_literals;

std::string faults_json(std::string_view member, std::int64_t value) {
  return "{\"" + std::string{member} + "\":" + std::to_string(value) + ",\"seconds\":3600}";
}

task<> inject_faults(monitored_fleet& fleet, std::string service, std::string json) {
  auto setting = fleet.set_faults(service, std::move(json));
  co_await std::move(setting);
  auto lasting = fleet.wait_until(fleet.run().end);
  co_await std::move(lasting);
  auto removing = fleet.set_faults(service, "");
  co_await std::move(removing);
}

task<> deploy_service(monitored_fleet& fleet, std::string service) {
  for (auto* node : fleet.replicas(service)) {
    auto deploying = fleet.deploy(*node);
    co_await std::move(deploying);
  }
}

const std::vector<incident_kind>& incident_kinds() {
  static const auto kinds = [] {
    auto all = service_incidents();
    const auto further = caller_incidents();
    all.insert(all.end(), further.begin(), further.end());
    return all;
  }();
  return kinds;
}

incident draw_incident(const incident_kind& kind, std::uint64_t seed, const incident_times& times) {
  random_generator random{seed ^ 0x1DC1DE27U};
  incident drawn;
  drawn.kind = kind.name;
  drawn.seed = seed;
  drawn.load.requests_per_second = 3 + 4 * random.uniform();
  drawn.begin = times.before + random.uniform_between(0s, 15s);
  drawn.end = drawn.begin + times.fault;
  drawn.length = times.before + times.fault + times.after;
  kind.draw(random, drawn);
  return drawn;
}

incident draw_quiet_run(std::uint64_t seed, duration length) {
  random_generator random{seed ^ 0x91E7U};
  incident drawn;
  drawn.kind = incident::quiet_kind;
  drawn.seed = seed;
  drawn.length = length;
  drawn.load.requests_per_second = 1 + 7 * random.uniform();
  drawn.load.places = 3 + random.uniform_below(40);
  drawn.description = "normal variation";
  if (random.bernoulli(1.0 / 3)) {
    const auto service = draw_from(random, all_services);
    drawn.description = "normal variation; " + service + " is deployed again";
    drawn.begin = drawn.end = random.uniform_between(length / 10, length);
    drawn.inject = [service](monitored_fleet& fleet) { return deploy_service(fleet, service); };
  }
  return drawn;
}

}  // namespace cohort::simulation::alerts
