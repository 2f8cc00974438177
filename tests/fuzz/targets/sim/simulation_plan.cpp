// SPDX-License-Identifier: BSL-1.0
// Plans of cohort-tune, with their durations and distributions.
#include <string>

#include <cohort/sim/plan/plan.hpp>
#include "tests/fuzz/framework/fuzz_target.hpp"

namespace cohort::fuzz {
namespace {

void check_plan(std::string_view input) {
  const auto plan = sim::parse_plan(input, "/nonexistent", {"time-service", "weather-service"});
  if (!plan) {
    require(!plan.error().empty() && plan.error().size() < 65'536, "an error is a short text");
    require(plan.error().find('\n') == std::string::npos, "an error is one line");
    return;
  }
  require(plan->find(plan->load_service) != nullptr, "the service under load is part of the plan");
  for (const auto& service : plan->services) {
    require(!service.name.empty() && service.instances > 0 && service.cores > 0 && service.threads > 0,
            "a service has a name, instances, cores and threads");
  }
  for (const auto& scenario : plan->scenarios) {
    for (const auto& fault : scenario.faults) {
      require(plan->find(fault.service) != nullptr, "a fault belongs to a service of the plan");
      require(fault.at >= duration::zero() && fault.lasts >= duration::zero(), "times of a fault are not negative");
    }
  }
  for (const auto& space : plan->search_spaces) require(!space.choices.empty(), "a search has choices");
}

void run(std::string_view input) {
  check_plan(input);
  for (const auto line : lines(input)) {
    if (const auto parsed = sim::parse_plan_duration(line))
      require(*parsed >= duration::zero(), "a duration is positive");
    // Skips distributions that read a file.
    if (line.find("loadgen") != line.npos || line.find("prometheus") != line.npos) continue;
    const auto distribution = sim::parse_distribution(line, "/nonexistent");
    require(distribution || !distribution.error().empty(), "an invalid distribution has an error");
  }
}

const registration fuzz_registration{{.name = "simulation_plan", .run = run}};

}  // namespace
}  // namespace cohort::fuzz
