#include "services/sysinfo/app.hpp"

int main(int argc, char** argv) { return cohort::service::run(argc, argv, cohort::sysinfo::definition()); }
