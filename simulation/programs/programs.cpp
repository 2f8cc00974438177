// SPDX-License-Identifier: BSL-1.0
#include "simulation/programs/programs.hpp"

#include "services/dashboard/app.hpp"
#include "services/time/app.hpp"
#include "services/weather/app.hpp"

namespace cohort::simulation {

// Excludes system-info-service, because it reads the machine on which the simulation runs.
sim::program_catalog stack_programs() {
  return {{"dashboard-service", dashboard::definition},
          {"time-service", time_service::definition},
          {"weather-service", weather::definition}};
}

}  // namespace cohort::simulation
