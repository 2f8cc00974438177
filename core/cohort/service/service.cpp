// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/service.hpp>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <iterator>
#include <optional>

#include <cohort/discovery/service_discovery.hpp>
#include <cohort/runtime/version.hpp>
#include <cohort/service/health/healthcheck.hpp>
#include <cohort/service/instance.hpp>
#include <cohort/service/program.hpp>

namespace cohort::service {
namespace {

std::string version_text(const std::string& version) {
  if (!version.empty()) return version;
  return "(no version; built with Cohort " + std::string{cohort::version()} + ")";
}

/// Reads the settings from the command line and the environment, and runs the health check if `--healthcheck` is set.
/// Returns the exit status if the program must end. The descriptions of the options, about 100 KiB, are freed at the
/// end of this function.
std::optional<int> read_settings(int argc, const char* const* argv, const std::string& program,
                                 const std::string& description, const std::vector<definition>& services,
                                 common_settings& settings) {
  settings.port = services.front().port;
  config::options options{program, description, version_text(services.front().version)};
  add_common_options(options, settings,
                     services.size() > 1 ? "Port of the first service; shifts the others' ports by the same amount"
                                         : "Port to listen on");
  if (services.size() == 1) add_unix_socket_options(options, settings.unix_socket);
  for (const auto& service : services) add_service_options(options, service);
  if (const auto exit_status = options.parse(argc, argv, config::process_environment())) {
    (exit_status->status == 0 ? std::cout : std::cerr) << exit_status->text;
    return exit_status->status;
  }
  settings.effective_settings = options.report();
  auto proxies = http::proxies_from_environment([](const char* name) {
    const char* value = std::getenv(name);
    return std::string{value ? value : ""};
  });
  if (!proxies) {
    std::cerr << program << ": " << proxies.error() << "\n";
    return 2;
  }
  settings.proxies = std::move(*proxies);
  auto otlp = otlp_settings_from_environment([](const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return std::string{value ? value : ""};
  });
  if (!otlp) {
    std::cerr << program << ": " << otlp.error() << "\n";
    return 2;
  }
  settings.otlp = std::move(*otlp);
  std::ranges::copy(settings.otlp.effective_settings, std::back_inserter(settings.effective_settings));
  auto secrets = options.secrets();
  std::ranges::copy(otlp_secret_variables(), std::back_inserter(secrets.variables));
  config::erase_process_secrets(secrets);
  if (!settings.time_zone.empty()) {
    ::setenv("TZ", settings.time_zone.c_str(), 1);
    ::tzset();
  }
  if (settings.healthcheck) return run_healthcheck(settings);
  auto conflict = find_conflict(settings.tls);
  if (!conflict) conflict = find_conflict(settings.unix_socket, settings.tls);
  if (conflict) {
    std::cerr << program << ": " << *conflict << "\n";
    return 2;
  }
  for (const auto& service : services) {
    for (const auto& extension : service.extensions) {
      if (const auto extension_conflict = extension->find_conflict(settings)) {
        std::cerr << program << ": " << *extension_conflict << "\n";
        return 2;
      }
    }
  }
  return std::nullopt;
}

}  // namespace

boost::urls::url service_context::upstream_url(const boost::urls::url& setting) const {
  return service_discovery ? service_discovery->watch(setting) : setting;
}

http::upstream service_context::make_upstream(std::string name, http::upstream_settings settings) const {
  return {client, metrics, log, std::move(name), settings};
}

http::upstream service_context::make_upstream(std::string name, http::upstream_settings settings,
                                              http::client_settings client_settings) const {
  return {clients.make(std::move(client_settings)), metrics, log, std::move(name), settings};
}

int run_all(int argc, const char* const* argv, std::string program, std::string description,
            std::vector<definition> services) {
  common_settings settings;
  if (const auto status = read_settings(argc, argv, program, description, services, settings)) return *status;
  return run_until_signal(program, settings, std::move(services));
}

int run(int argc, const char* const* argv, definition service) {
  auto program = service.name;
  auto description = service.description;
  std::vector<definition> services;
  services.push_back(std::move(service));
  return run_all(argc, argv, std::move(program), std::move(description), std::move(services));
}

}  // namespace cohort::service
