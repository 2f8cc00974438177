// SPDX-License-Identifier: BSL-1.0
#include "services/gateway/app.hpp"

int main(int argc, char** argv) { return cohort::service::run(argc, argv, cohort::gateway::definition()); }
