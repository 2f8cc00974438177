// SPDX-License-Identifier: BSL-1.0
#include <cohort/faults/fault_injection.hpp>

#include "services/sysinfo/app.hpp"

int main(int argc, char** argv) {
  auto service = cohort::sysinfo::definition();
  cohort::faults::add_fault_injection(service);
  return cohort::service::run(argc, argv, std::move(service));
}
