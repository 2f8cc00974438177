// SPDX-License-Identifier: BSL-1.0
#include "loadgen/cli/program.hpp"

int main(int argc, char** argv) { return cohort::loadgen::run_program(argc, argv); }
