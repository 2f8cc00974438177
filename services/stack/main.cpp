// All four services in one process, each on its own port, on the same loops. They still talk HTTP to each other.
#include "services/dashboard/app.hpp"
#include "services/sysinfo/app.hpp"
#include "services/time/app.hpp"
#include "services/weather/app.hpp"

int main(int argc, char** argv) {
  std::vector<cohort::service::definition> all;
  all.push_back(cohort::dashboard::definition());
  all.push_back(cohort::time_service::definition());
  all.push_back(cohort::sysinfo::definition());
  all.push_back(cohort::weather::definition());
  return cohort::service::run_together(argc, argv, "cohort-stack",
                                       "Dashboard, time, sysinfo and weather in one process", std::move(all));
}
