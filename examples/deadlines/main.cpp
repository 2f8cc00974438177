// SPDX-License-Identifier: BSL-1.0
#include "examples/deadlines/trip.hpp"

int main(int argc, char** argv) { return cohort::service::run(argc, argv, trip::trip_service()); }
