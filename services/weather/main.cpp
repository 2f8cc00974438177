#include "services/weather/app.hpp"

int main(int argc, char** argv) { return cohort::service::run(argc, argv, cohort::weather::definition()); }
