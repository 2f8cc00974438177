// SPDX-License-Identifier: BSL-1.0
#include <cohort/sim/plan/planned_fleet.hpp>

#include <algorithm>
#include <numeric>
#include <set>
#include <string_view>
#include <utility>

#include <cohort/runtime/concurrency/wait_queue.hpp>
#include <cohort/runtime/concurrency/when_all.hpp>

namespace cohort::sim {
namespace {

/// Adds the environment variables that a program reads.
void add_variables(std::set<std::string>& variables, const service::definition& program) {
  service::common_settings settings;
  config::options options{program.name, program.description, program.version};
  service::add_common_options(options, settings, "Port to listen on");
  service::add_service_options(options, program);
  for (const auto& setting : options.report()) variables.insert(setting.variable);
  for (const auto& secret : options.secrets().variables) variables.insert(secret + "_FILE");
  variables.erase("");
}

/// The variables that a service of a plan can have; empty if not all of them are known.
std::optional<std::set<std::string>> variables_of(const planned_service& service, const program_catalog& programs) {
  std::set<std::string> variables;
  if (service.program.empty()) add_variables(variables, modeled_service(service.model, nullptr));
  for (const auto& name : {service.program, service.real_program}) {
    if (name.empty()) continue;
    const auto program = programs.find(name);
    if (program == programs.end()) return std::nullopt;
    add_variables(variables, program->second());
  }
  return variables;
}

/// The number of characters to insert, delete or replace (Levenshtein distance).
std::size_t edit_distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> distances(to.size() + 1);
  std::iota(distances.begin(), distances.end(), std::size_t{0});
  for (std::size_t i = 0; i < from.size(); ++i) {
    auto diagonal = std::exchange(distances[0], i + 1);
    for (std::size_t j = 0; j < to.size(); ++j) {
      const auto replaced = diagonal + (from[i] == to[j] ? 0 : 1);
      diagonal = distances[j + 1];
      distances[j + 1] = std::min({replaced, diagonal + 1, distances[j] + 1});
    }
  }
  return distances.back();
}

/// Returns the most similar variable as a suggestion, or all variables if none is similar.
std::string suggestion(const std::string& unknown, const std::set<std::string>& variables) {
  const auto distance = [&](const std::string& variable) { return edit_distance(unknown, variable); };
  const auto nearest_variable = std::ranges::min_element(variables, {}, distance);
  if (distance(*nearest_variable) <= unknown.size() / 3) return "; did you mean " + *nearest_variable + "?";
  std::string names;
  for (const auto& each : variables) names.append(names.empty() ? "" : ", ").append(each);
  return "; its variables are " + names;
}

}  // namespace

std::optional<std::string> find_unknown_variable(const plan& source, const program_catalog& programs) {
  for (std::size_t i = 0; i < source.services.size(); ++i) {
    const auto& service = source.services[i];
    const auto known = variables_of(service, programs);
    if (!known) continue;
    for (const auto& [variable, value] : service.environment) {
      if (known->contains(variable)) continue;
      return "services[" + std::to_string(i) + "].environment has \"" + variable + "\", which " + service.name +
             " does not read" + suggestion(variable, *known);
    }
  }
  return std::nullopt;
}

double plan_run::goodput() const noexcept {
  const auto calls = callers.calls();
  return calls == 0 ? 1 : static_cast<double>(callers.good()) / static_cast<double>(calls);
}

double plan_run::requests_per_call(const std::string& service) const noexcept {
  const auto found = requests.find(service);
  const auto calls = callers.calls();
  if (found == requests.end() || calls == 0) return 0;
  return static_cast<double>(found->second) / static_cast<double>(calls);
}

double plan_run::max_requests_per_call(const plan& source) const noexcept {
  double highest = 0;
  for (const auto& service : source.services) {
    for (const auto& call : service.model->calls) highest = std::max(highest, requests_per_call(call.upstream));
  }
  return highest;
}

planned_fleet::planned_fleet(const plan& source, const planned_scenario& scenario, std::uint64_t seed,
                             const program_catalog& programs, const setting_overrides& overrides)
    : plan_(source), scenario_(scenario), fleet_(seed) {
  fleet_.network().set_default_conditions(source.links);
  for (const auto& service : source.services) add_service(service, programs, overrides);
  if (source.pauses.any()) {
    for (const auto& machine : fleet_.machines()) machine->set_pauses(source.pauses);
  }
  for (const auto& machine : fleet_.machines()) machine->set_idle_slowdown(source.slowdown_after_idle);
  auto load = source.load;
  load.pauses = source.pauses;
  load.url.set_port_number(nodes_.at(source.load_service).front()->port());
  callers_ = std::make_unique<caller_population>(fleet_, std::move(load));
}

planned_fleet::~planned_fleet() { fleet_.shutdown(duration{0}); }

machine& planned_fleet::machine_for(const planned_service& service, std::size_t instance) {
  if (service.machine.empty()) {
    return fleet_.add_machine(service.name + "-" + std::to_string(instance + 1), service.cores);
  }
  auto& shared = shared_machines_[service.machine];
  if (!shared) shared = &fleet_.add_machine(service.machine, service.cores);
  return *shared;
}

void planned_fleet::add_service(const planned_service& service, const program_catalog& programs,
                                const setting_overrides& overrides) {
  auto environment = service.environment;
  if (const auto changed = overrides.find(service.name); changed != overrides.end()) {
    for (const auto& [variable, value] : changed->second) environment.insert_or_assign(variable, value);
  }
  auto& effects = effects_[service.name];
  effects = std::make_shared<fault_effects>();
  node::definition_factory make_definition = [model = service.model, effects] {
    return modeled_service(model, effects);
  };
  if (!service.program.empty()) make_definition = programs.at(service.program);
  for (std::size_t i = 0; i < service.instances; ++i) {
    auto& machine = machine_for(service, i);
    machines_[service.name].push_back(&machine);
    nodes_[service.name].push_back(&fleet_.add_service(make_definition, service.name, environment, {},
                                                       {&machine, service.threads, service.costs}));
  }
}

task<> planned_fleet::inject(planned_fleet& self, const planned_fault& fault) {
  auto start_delay = sleep_for(fault.at);
  co_await std::move(start_delay);
  auto& effects = *self.effects_.at(fault.service);
  const auto& nodes = self.nodes_.at(fault.service);
  effects = fault.effects;
  for (std::size_t i = 0; i < fault.killed; ++i) self.fleet_.kill(*nodes[i]);
  for (std::size_t i = 0; i < fault.powered_off; ++i) self.fleet_.power_off(*nodes[i]);
  auto end_delay = sleep_for(fault.length);
  co_await std::move(end_delay);
  effects = {};
  for (std::size_t i = 0; i < fault.killed + fault.powered_off; ++i) self.fleet_.start(*nodes[i]);
}

task<> planned_fleet::deregister(planned_fleet& self, node& target, duration delay) {
  auto wait_task = sleep_for(delay);
  co_await std::move(wait_task);
  self.fleet_.deregister(target);
}

/// The new process starts when the old process has ended and is deregistered.
task<> planned_fleet::restart(planned_fleet& self, node& target, const planned_deploy& deploy_settings) {
  auto stop_task = when_all(self.fleet_.stop(target, deploy_settings.drain_timeout, false),
                            deregister(self, target, deploy_settings.deregistration));
  co_await std::move(stop_task);
  auto start_task = sleep_for(deploy_settings.startup);
  if (co_await std::move(start_task) != wait_status::cancelled) self.fleet_.start(target);
}

task<> planned_fleet::deploy(planned_fleet& self, const planned_deploy& deploy_settings) {
  auto& elapsed = self.deploy_times_[deploy_settings.service];
  auto start_delay = sleep_for(deploy_settings.at);
  co_await std::move(start_delay);
  const auto begin = self.fleet_.elapsed();
  const auto& nodes = self.nodes_.at(deploy_settings.service);
  for (std::size_t first = 0; first < nodes.size(); first += deploy_settings.batch) {
    if (first > 0) {
      auto pause_task = sleep_for(deploy_settings.pause);
      co_await std::move(pause_task);
    }
    std::vector<task<>> restarts;
    const auto end = std::min(first + deploy_settings.batch, nodes.size());
    for (auto i = first; i < end; ++i) restarts.push_back(restart(self, *nodes[i], deploy_settings));
    auto restart_task = when_all(std::move(restarts));
    co_await std::move(restart_task);
  }
  elapsed = self.fleet_.elapsed() - begin;
}

plan_run planned_fleet::run() {
  for (const auto& fault : scenario_.faults) fleet_.spawn(inject(*this, fault));
  for (const auto& deploy_settings : scenario_.deploys) fleet_.spawn(deploy(*this, deploy_settings));
  callers_->start();
  fleet_.run_for(plan_.load.length);
  plan_run run;
  for (const auto& [service, machines] : machines_) {
    for (const auto* machine : machines) {
      run.utilization[service] = std::max(run.utilization[service], machine->utilization());
    }
  }
  // Maximum duration of the last call, with all of its attempts.
  const auto max_backoff = plan_.load.backoff * (1LL << std::min(plan_.load.attempts, 16U));
  fleet_.run_for(plan_.load.patience * plan_.load.attempts + max_backoff + std::chrono::seconds{1});
  run.callers = callers_->results();
  std::map<const host*, const std::string*> names;
  for (const auto& [service, nodes] : nodes_) {
    for (const auto* each : nodes) {
      names[&each->host()] = &service;
      if (each->process() != nullptr) run.cpu_time[service] += each->process()->busy_time();
    }
  }
  for (const auto& exchange : fleet_.recorder().exchanges()) {
    const auto found = names.find(exchange.server);
    if (found != names.end()) ++run.requests[*found->second];
  }
  for (const auto& rule : plan_.alerts) run.firings[rule.name] = evaluate(rule, run.callers, plan_.load.length);
  run.deploy_times = deploy_times_;
  run.hash = fleet_.event_log().hash();
  return run;
}

}  // namespace cohort::sim
