// SPDX-License-Identifier: BSL-1.0
#include <cohort/faults/fault_injection.hpp>

#include "services/dashboard/app.hpp"

int main(int argc, char** argv) {
  auto service = cohort::dashboard::definition();
  cohort::faults::add_fault_injection(service);
  return cohort::service::run(argc, argv, std::move(service));
}
