// SPDX-License-Identifier: BSL-1.0
#include "greeting.hpp"

int main(int argc, char** argv) { return cohort::service::run(argc, argv, greeting_service()); }
