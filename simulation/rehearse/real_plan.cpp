// SPDX-License-Identifier: BSL-1.0
#include "simulation/rehearse/real_plan.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <stdexcept>

#include "loadgen/results/format.hpp"

namespace cohort::simulation::rehearsal {
namespace {

/// The exception for a plan that cannot run with real processes. The message is one line.
struct unsupported_setting : std::runtime_error {
  using std::runtime_error::runtime_error;
};

constexpr std::array<std::string_view, 4> real_programs{"time-service", "system-info-service", "weather-service",
                                                        "dashboard-service"};

void check_service(const sim::planned_service& service, const std::string& where) {
  if (service.instances > 1) {
    throw unsupported_setting{where + " \"" + service.name + "\" has " + std::to_string(service.instances) +
                              " instances, but a real run has one instance of each service"};
  }
  if (service.cores > 1) {
    throw unsupported_setting{where + ".cores is " + std::to_string(service.cores) +
                              ", but a real run gives each machine one core"};
  }
  const auto& program = service.real_program;
  if (program.empty() && service.threads > 1) {
    throw unsupported_setting{where + ".threads is " + std::to_string(service.threads) +
                              ", but a real run executes the model of \"" + service.name + "\" with one thread"};
  }
  if (program.empty() || std::find(real_programs.begin(), real_programs.end(), program) != real_programs.end()) return;
  throw unsupported_setting{
      where + ".real_program is \"" + program +
      "\", but must be one of: time-service, system-info-service, weather-service, dashboard-service; "
      "without it, a real run executes the model"};
}

real_service make_service(const sim::planned_service& service) {
  real_service result{
      service.name, service.real_program, static_cast<std::int64_t>(service.threads), service.machine, {}, {}};
  if (result.machine.empty()) result.machine = service.name;
  for (const auto& [variable, value] : service.environment) result.environment.emplace(variable, value);
  for (const auto& call : service.model->calls)
    result.calls.push_back({call.upstream, sim::url_variable_for(call.upstream)});
  return result;
}

real_load make_load(const sim::plan& plan) {
  const auto& load = plan.load;
  if (!load.partial_result_text.empty()) {
    throw unsupported_setting{"load.partial_result_text is not supported in a real run. Use load.complete_result_text"};
  }
  if (load.deadline && !load.sends_deadline && *load.deadline != load.patience) {
    throw unsupported_setting{
        "load.deadline without load.sends_deadline is not supported in a real run: loadgen sends its deadline in a "
        "header of every request. Set load.sends_deadline, or set load.deadline to the value of load.patience"};
  }
  real_load result{
      plan.load_service, plan.load_path, load.calls_per_second, to_seconds(load.patience), 0, 0, 0, {}, {}};
  result.retries = static_cast<std::int64_t>(load.attempts) - 1;
  result.backoff_s = to_seconds(load.backoff);
  const auto max_backoff_s = result.backoff_s * std::exp2(std::min(load.attempts, 10U));
  result.timeout_s = result.patience_s * load.attempts + max_backoff_s + 1;
  if (load.sends_deadline && load.deadline) result.deadline_s = to_seconds(*load.deadline);
  result.complete_result_text = load.complete_result_text;
  return result;
}

std::int64_t to_whole_percent(double ratio, const std::string& where) {
  const auto percent = std::round(ratio * 100);
  if (std::abs(percent - ratio * 100) < 1e-6) return static_cast<std::int64_t>(percent);
  throw unsupported_setting{where + " must be a whole percentage, because the fault injector accepts only integers"};
}

real_fault make_fault(const sim::plan& plan, const sim::planned_fault& fault, const std::string& where) {
  const auto& effects = fault.effects;
  const auto& target = *plan.find(fault.service);
  if (effects.slowdown != 1 && !target.real_program.empty()) {
    throw unsupported_setting{where + ".slowdown is not supported by " + target.real_program +
                              ". Its fault injector supports extra_latency, failure_ratio and hang_ratio"};
  }
  if (fault.powered_off > 0) {
    throw unsupported_setting{where + ".powered_off is not supported in a real run. Use `killed`"};
  }
  real_fault result{to_seconds(fault.at), to_seconds(fault.length), fault.service, effects.slowdown, 0, 0, 0, false};
  result.latency_ms = std::chrono::floor<std::chrono::milliseconds>(effects.extra_latency).count();
  if (std::chrono::milliseconds{result.latency_ms} != effects.extra_latency) {
    throw unsupported_setting{
        where + ".extra_latency must be an integer number of milliseconds, as the fault injector requires"};
  }
  result.error_percent = to_whole_percent(effects.failure_ratio, where + ".failure_ratio");
  result.hang_percent = to_whole_percent(effects.hang_ratio, where + ".hang_ratio");
  result.is_killed = fault.killed > 0;
  return result;
}

real_plan make(const sim::plan& plan) {
  if (!plan.rehearsal) {
    throw unsupported_setting{
        "rehearsal is required. It sets the rate and the length of the run that measures the "
        "CPU costs"};
  }
  if (plan.pauses.any()) {
    throw unsupported_setting{
        "pauses is not supported in a real run, which measures the pauses of its cores. Remove it"};
  }
  if (plan.slowdown_after_idle.any()) {
    throw unsupported_setting{
        "idle_slowdown is not supported in a real run, which measures the slowdown of its cores. Remove it"};
  }
  if (plan.links.loss > 0)
    throw unsupported_setting{
        "links.loss is not supported in a real run, which uses loopback. "
        "Remove it"};
  real_plan result;
  for (std::size_t i = 0; i < plan.services.size(); ++i) {
    check_service(plan.services[i], "services[" + std::to_string(i) + "]");
    result.services.push_back(make_service(plan.services[i]));
  }
  result.load = make_load(plan);
  result.calibration_rate = plan.rehearsal->calibration_rate;
  result.calibration_s = to_seconds(plan.rehearsal->length);
  for (const auto rate : plan.rehearsal->rates) result.rates.push_back({name_of_rate(rate), rate});
  for (std::size_t i = 0; i < plan.scenarios.size(); ++i) {
    const auto& scenario = plan.scenarios[i];
    const auto where = "scenarios[" + std::to_string(i) + "]";
    if (!scenario.deploys.empty()) {
      throw unsupported_setting{where +
                                ".deploys is not supported in a real run, which has one instance of each "
                                "service. Remove it"};
    }
    real_scenario real{scenario.name, phases_of(scenario, plan.load.length), {}};
    for (std::size_t j = 0; j < scenario.faults.size(); ++j) {
      real.faults.push_back(make_fault(plan, scenario.faults[j], where + ".faults[" + std::to_string(j) + "]"));
    }
    result.scenarios.push_back(std::move(real));
  }
  return result;
}

}  // namespace

std::string name_of_rate(double rate) { return loadgen::format_number(rate) + "/s"; }

std::vector<run_phase> phases_of(const sim::planned_scenario& scenario, duration length) {
  std::set<duration> bounds{duration{0}, length};
  for (const auto& fault : scenario.faults) {
    bounds.insert(fault.at);
    bounds.insert(std::min(length, fault.at + fault.length));
  }
  std::vector<run_phase> phases;
  bool had_fault = false;
  for (auto start = bounds.begin(), end = std::next(start); end != bounds.end(); ++start, ++end) {
    const auto is_active = [&](const sim::planned_fault& fault) {
      return fault.at <= *start && *start < fault.at + fault.length;
    };
    const bool has_active_fault = std::any_of(scenario.faults.begin(), scenario.faults.end(), is_active);
    const auto* const name = has_active_fault ? "fault" : had_fault ? "after" : "before";
    phases.push_back({scenario.faults.empty() ? "all" : name, to_seconds(*start), to_seconds(*end - *start)});
    had_fault |= has_active_fault;
  }
  return phases;
}

result<real_plan, std::string> make_real_plan(const sim::plan& plan) {
  try {
    return make(plan);
  } catch (const unsupported_setting& error) {
    return std::string{error.what()};
  }
}

}  // namespace cohort::simulation::rehearsal
