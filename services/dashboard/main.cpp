// SPDX-License-Identifier: BSL-1.0
#include <cohort/faults/fault_injection.hpp>

#include "services/dashboard/app.hpp"

int main(int argc, char** argv) {
  const auto faults_enabled = std::make_shared<bool>(false);
  auto service = cohort::dashboard::definition_with_experiments(faults_enabled);
  cohort::faults::add_fault_injection(service, faults_enabled);
  return cohort::service::run(argc, argv, std::move(service));
}
