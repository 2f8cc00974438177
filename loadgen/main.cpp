#include "loadgen/program.hpp"

int main(int argc, char** argv) { return cohort::loadgen::run_program(argc, argv); }
