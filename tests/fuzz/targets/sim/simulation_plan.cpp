// SPDX-License-Identifier: BSL-1.0
// Fuzzes the plans of cohort-tune, with their durations and distributions, and the files of measured distributions.
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <cohort/sim/cpu/measured_distribution.hpp>
#include <cohort/sim/plan/plan.hpp>
#include "tests/fuzz/framework/fuzz_target.hpp"

namespace cohort::fuzz::simulation_plan_target {
namespace {

/// A directory with the files of a plan: `loadgen r` and `prometheus m m_seconds`.
class plan_directory {
 public:
  plan_directory() {
    std::filesystem::create_directories(path);
    std::ofstream{path / "r"}
        << R"({"verdict":{"word":"pass"},"targets":[{"name":"a","totals":{"service":{"hdr_v2_base64":)"
        << R"("HISTBAAAACp4nJNpmczMwMDAxQABzFCaEURcm7yEwf4DROA4o8hb1QWMPwNEAJNpCG0="}}}]})";
    std::ofstream{path / "m"} << "m_seconds_bucket{le=\"0.01\",a=\"b\"} 50\nm_seconds_bucket{le=\"+Inf\",a=\"b\"} 90\n";
  }
  ~plan_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  plan_directory(const plan_directory&) = delete;
  plan_directory& operator=(const plan_directory&) = delete;

  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("cohort-plans-" + std::to_string(::getpid()));
};

const std::filesystem::path& files() {
  static const plan_directory directory;
  return directory.path;
}

void check_distribution(const result<sim::distribution, std::string>& read) {
  if (!read) return require(!read.error().empty(), "an invalid distribution has an error");
  const auto median = read->quantile(0.5);
  require(duration::zero() <= median && median <= read->quantile(1), "quantiles ascend");
  require(read->mean() >= duration::zero(), "a mean is not negative");
  require(read->overflow_fraction() >= 0 && read->overflow_fraction() <= 1, "a fraction is from 0 to 1");
}

void check_measured_distributions(std::string_view input) {
  check_distribution(sim::distribution_from_loadgen_report(input));
  check_distribution(sim::distribution_from_prometheus(input, "m_seconds"));
  check_distribution(sim::distribution_from_prometheus(input, "m_seconds", {{"a", "b"}}));
}

void check_plan(std::string_view input) {
  const auto plan = sim::parse_plan(input, files(), {"time-service", "weather-service"});
  if (!plan) {
    require(!plan.error().empty() && plan.error().size() < 65'536, "the length of an error is limited");
    require(plan.error().find('\n') == std::string::npos, "an error is one line");
    return;
  }
  require(plan->find(plan->load_service) != nullptr, "the service under load is part of the plan");
  for (const auto& service : plan->services) {
    require(!service.name.empty() && service.instances > 0 && service.cores > 0 && service.threads > 0,
            "a service has a name, instances, cores and threads");
  }
  for (const auto& scenario : plan->scenarios) {
    for (const auto& fault : scenario.faults) {
      require(plan->find(fault.service) != nullptr, "a fault belongs to a service of the plan");
      require(fault.at >= duration::zero() && fault.length >= duration::zero(),
              "the start time and the duration of a fault are not negative");
    }
  }
  for (const auto& space : plan->search_spaces)
    require(!space.choices.empty(), "a search space has at least one choice");
}

void run(std::string_view input) {
  check_plan(input);
  check_measured_distributions(input);
  for (const auto line : lines(input)) {
    if (const auto parsed = sim::parse_plan_duration(line))
      require(*parsed >= duration::zero(), "a duration is not negative");
    // Skips device files, such as terminals.
    if (line.find('/') == line.npos) check_distribution(sim::parse_distribution(line, files()));
  }
}

const registration fuzz_registration{{.name = "simulation_plan", .run = run}};

}  // namespace
}  // namespace cohort::fuzz::simulation_plan_target
