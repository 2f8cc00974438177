#include "services/time/app.hpp"

int main(int argc, char** argv) { return cohort::service::run(argc, argv, cohort::time_service::definition()); }
