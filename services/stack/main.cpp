// SPDX-License-Identifier: BSL-1.0
// All four services in one process, on the same event loops. Each service has a separate port and calls the other
// services over HTTP. A program started under the name of one service, for example through a link, runs only that
// service. Therefore, an image needs only one program.
#include <cohort/faults/fault_injection.hpp>

#include <filesystem>
#include <string>

#include "services/dashboard/app.hpp"
#include "services/gateway/app.hpp"
#include "services/sysinfo/app.hpp"
#include "services/time/app.hpp"
#include "services/weather/app.hpp"

namespace {

using cohort::service::definition;

/// The service with this program name; empty if the name is unknown.
std::vector<definition> find_service(const std::string& name, const std::shared_ptr<bool>& faults_enabled) {
  std::vector<definition> services;
  if (name == "dashboard-service") services.push_back(cohort::dashboard::definition_with_experiments(faults_enabled));
  if (name == "time-service") services.push_back(cohort::time_service::definition());
  if (name == "system-info-service") services.push_back(cohort::sysinfo::definition());
  if (name == "weather-service") services.push_back(cohort::weather::definition());
  return services;
}

}  // namespace

int main(int argc, char** argv) {
  const auto name = argc > 0 ? std::filesystem::path{argv[0]}.filename().string() : std::string{};
  if (name == "gateway-service") return cohort::service::run(argc, argv, cohort::gateway::definition());
  const auto faults_enabled = std::make_shared<bool>(false);
  if (auto single = find_service(name, faults_enabled); !single.empty()) {
    cohort::faults::add_fault_injection(single, faults_enabled);
    return cohort::service::run(argc, argv, std::move(single.front()));
  }
  std::vector<definition> services;
  for (const auto* const program : {"dashboard-service", "time-service", "system-info-service", "weather-service"})
    services.push_back(std::move(find_service(program, faults_enabled).front()));
  cohort::faults::add_fault_injection(services, faults_enabled);
  return cohort::service::run_all(argc, argv, "cohort-stack",
                                  "Dashboard, time, sysinfo and weather services in one process", std::move(services));
}
