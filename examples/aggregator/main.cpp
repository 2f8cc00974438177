// SPDX-License-Identifier: BSL-1.0
#include "examples/aggregator/app.hpp"

int main(int argc, char** argv) { return cohort::service::run(argc, argv, aggregator::service()); }
