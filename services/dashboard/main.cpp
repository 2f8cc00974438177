#include "services/dashboard/app.hpp"

int main(int argc, char** argv) { return cohort::service::run(argc, argv, cohort::dashboard::definition()); }
