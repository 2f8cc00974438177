// SPDX-License-Identifier: BSL-1.0
// All four services in one process, on the same event loops. Each has a port of its own and calls the others over HTTP.
#include <cohort/faults/fault_injection.hpp>

#include "services/dashboard/app.hpp"
#include "services/sysinfo/app.hpp"
#include "services/time/app.hpp"
#include "services/weather/app.hpp"

int main(int argc, char** argv) {
  const auto faults_enabled = std::make_shared<bool>(false);
  std::vector<cohort::service::definition> services;
  services.push_back(cohort::dashboard::definition_with_experiments(faults_enabled));
  services.push_back(cohort::time_service::definition());
  services.push_back(cohort::sysinfo::definition());
  services.push_back(cohort::weather::definition());
  cohort::faults::add_fault_injection(services, faults_enabled);
  return cohort::service::run_all(argc, argv, "cohort-stack",
                                  "Dashboard, time, sysinfo and weather services in one process", std::move(services));
}
