// SPDX-License-Identifier: BSL-1.0
#include "examples/redis-counter/visits.hpp"

int main(int argc, char** argv) { return cohort::service::run(argc, argv, visits::visit_service()); }
