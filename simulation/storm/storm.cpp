// SPDX-License-Identifier: BSL-1.0
#include "simulation/storm/storm.hpp"

#include <algorithm>
#include <boost/url/parse.hpp>
#include <ctime>

namespace cohort::simulation {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view front = "front";
constexpr std::string_view back = "back";
/// A run has recovered when goodput has been at this fraction of its level before the trigger for this duration.
constexpr double recovered_ratio = 0.95;
constexpr std::size_t recovered_seconds = 5;

sim::cpu_costs http_costs() {
  sim::cpu_costs costs;
  costs.read = sim::distribution::constant(20us);
  costs.call = sim::distribution::constant(20us);
  costs.other_routes = sim::distribution::constant(10us);
  return costs;
}

sim::planned_service front_end_service(const storm_settings& settings, const protection& applied_protection) {
  auto model = std::make_shared<sim::service_model>();
  model->name = front;
  model->calls.push_back({std::string{back}, sim::policy_variable_for(back), {}});
  sim::planned_service service;
  service.name = front;
  service.model = std::move(model);
  service.instances = settings.front_end_count;
  service.costs = http_costs();
  service.environment = {{sim::policy_variable_for(back), applied_protection.policy},
                         {"DRAIN_DELAY", std::to_string(applied_protection.drain_delay.count())}};
  return service;
}

sim::planned_service back_end_service(const storm_settings& settings, const protection& applied_protection) {
  auto model = std::make_shared<sim::service_model>();
  model->name = back;
  const double seconds =
      settings.utilization * static_cast<double>(settings.back_end_count) / settings.calls_per_second;
  model->cpu = sim::distribution::exponential(duration{static_cast<duration::rep>(seconds * 1e9)});
  sim::planned_service service;
  service.name = back;
  service.model = std::move(model);
  service.instances = settings.back_end_count;
  service.costs = http_costs();
  service.environment = applied_protection.back_end_settings;
  service.environment.emplace("DRAIN_DELAY", std::to_string(applied_protection.drain_delay.count()));
  return service;
}

sim::planned_fault fault_of(const storm_settings& settings, std::string_view service) {
  sim::planned_fault fault;
  fault.at = settings.trigger_start;
  fault.length = settings.trigger_duration;
  fault.service = service;
  return fault;
}

sim::planned_deploy deploy_of(const storm_settings& settings, const protection& applied_protection,
                              std::string_view service, std::size_t batch) {
  sim::planned_deploy deploy;
  deploy.at = settings.trigger_start;
  deploy.service = service;
  deploy.batch = batch;
  deploy.drain_timeout = applied_protection.drain_timeout;
  deploy.deregistration = 500ms;
  deploy.startup = 500ms;
  return deploy;
}

sim::planned_scenario scenario_of(const storm_settings& settings, const protection& applied_protection) {
  sim::planned_scenario scenario;
  switch (settings.event) {
    case storm_event::slow_back_ends:
      scenario.name = "slow back ends";
      scenario.faults = {fault_of(settings, back)};
      scenario.faults.front().effects.slowdown = settings.slowdown;
      break;
    case storm_event::deploy:
      scenario.name = "deploy";
      scenario.deploys = {
          deploy_of(settings, applied_protection, front, std::max<std::size_t>(settings.front_end_count / 10, 1)),
          deploy_of(settings, applied_protection, back, 1)};
      break;
    case storm_event::zone_loss:
      scenario.name = "loss of a zone";
      scenario.faults = {fault_of(settings, front), fault_of(settings, back)};
      scenario.faults.front().powered_off = settings.front_end_count / 3;
      scenario.faults.back().powered_off = settings.back_end_count / 3;
      break;
  }
  return scenario;
}

sim::plan storm_plan(const storm_settings& settings, const protection& applied_protection) {
  sim::plan plan;
  plan.services = {back_end_service(settings, applied_protection), front_end_service(settings, applied_protection)};
  plan.load_service = front;
  plan.load.url = *boost::urls::parse_uri("http://front/");
  plan.load.calls_per_second = settings.calls_per_second;
  plan.load.length = settings.length;
  plan.load.patience = settings.patience;
  plan.load.attempts = applied_protection.has_caller_retries ? settings.attempts : 1;
  plan.load.deadline = settings.patience;
  plan.scenarios = {scenario_of(settings, applied_protection)};
  return plan;
}

std::size_t seconds_of(duration span) {
  return static_cast<std::size_t>(std::chrono::floor<std::chrono::seconds>(span).count());
}

double mean_goodput(const std::vector<storm_second>& seconds, std::size_t begin, std::size_t end) {
  double sum = 0;
  end = std::min(end, seconds.size());
  for (std::size_t i = begin; i < end; ++i) sum += seconds[i].goodput;
  return end > begin ? sum / static_cast<double>(end - begin) : 0;
}

std::vector<std::uint64_t> back_end_requests(sim::planned_fleet& fleet, std::size_t length) {
  std::vector<std::uint64_t> requests(length);
  const auto start = fleet.fleet().time().now() - fleet.fleet().elapsed();
  for (const auto& exchange : fleet.fleet().recorder().exchanges()) {
    const auto second = seconds_of(exchange.received_at - start);
    if (second < length && exchange.server->name.starts_with(back)) ++requests[second];
  }
  return requests;
}

void summarize(const storm_settings& settings, storm_result& result) {
  const auto begin = seconds_of(settings.trigger_start);
  const auto end = seconds_of(std::chrono::ceil<std::chrono::seconds>(settings.trigger_start + result.event_length));
  // Excludes the first seconds, in which connections are opened.
  result.goodput_before = mean_goodput(result.seconds, std::min<std::size_t>(3, begin), begin);
  result.goodput_during = mean_goodput(result.seconds, begin, end);
  result.goodput_after = mean_goodput(result.seconds, end, result.seconds.size());
  for (const auto& second : result.seconds) {
    result.max_amplification = std::max(result.max_amplification, second.amplification);
  }
  result.is_recovery_observable = end + recovered_seconds <= result.seconds.size();
  for (auto first = end; first + recovered_seconds <= result.seconds.size(); ++first) {
    const auto is_good = [&](const storm_second& second) {
      return second.goodput >= recovered_ratio * result.goodput_before;
    };
    const auto from = result.seconds.begin() + static_cast<std::ptrdiff_t>(first);
    if (!std::all_of(from, from + recovered_seconds, is_good)) continue;
    result.recovery = std::chrono::seconds{first - end};
    return;
  }
}

}  // namespace

std::vector<protection> protections(const storm_settings& settings) {
  const auto timeout = "timeout=" + std::to_string(settings.front_end_timeout.count()) + "ms";
  const auto timeout_only = timeout + ",attempts=1,hedge=off,breaker=off,in-flight=100000";
  const config::environment no_admission_control{{"CONCURRENCY_LIMIT", "off"}, {"DEADLINE_ADMISSION", "ignore"}};
  const config::environment deadline_settings{{"CONCURRENCY_LIMIT", "off"}, {"DEADLINE_ADMISSION", "refuse"}};
  const config::environment concurrency_settings{{"DEADLINE_ADMISSION", "ignore"}};
  const config::environment admission_settings{{"DEADLINE_ADMISSION", "refuse"}};
  if (settings.event == storm_event::deploy) {
    // Disables retries and hedging, because these would hide the requests that a deploy loses.
    return {
        {"no drain", timeout_only, no_admission_control, false, 0s, 0s},
        {"drain", timeout_only, no_admission_control, false, 10s, 0s},
        {"drain after 2 s", timeout_only, no_admission_control, false, 10s, 2s},
        {"all defaults, drain after 2 s", timeout, admission_settings, true, 10s, 2s},
    };
  }
  const auto hedging = timeout + ",attempts=1,hedge=p95,breaker=off,in-flight=100000,budget=";
  return {
      {"none", timeout_only, no_admission_control, true},
      {"callers do not retry", timeout_only, no_admission_control, false},
      {"hedging without a budget", hedging + "100%", no_admission_control, true},
      {"hedging, budget 20 %", hedging + "20%", no_admission_control, true},
      {"breaker 50 %", timeout + ",attempts=1,hedge=off,breaker=50%,in-flight=100000", no_admission_control, true},
      {"deadline admission", timeout_only, deadline_settings, true},
      {"concurrency limit", timeout_only, concurrency_settings, true},
      {"all defaults", timeout, admission_settings, true},
  };
}

storm_result run_storm(const storm_settings& settings, const protection& applied_protection) {
  const auto plan = storm_plan(settings, applied_protection);
  const auto begin = std::clock();
  sim::planned_fleet fleet{plan, plan.scenarios.front(), settings.seed};
  auto run = fleet.run();
  const auto elapsed = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  storm_result result;
  result.applied_protection = applied_protection;
  const auto& seconds = run.callers.seconds;
  const auto requests = back_end_requests(fleet, seconds.size());
  for (std::size_t i = 0; i < seconds.size(); ++i) {
    const auto calls = static_cast<double>(std::max<std::uint64_t>(seconds[i].calls, 1));
    result.seconds.push_back({static_cast<double>(seconds[i].good) / calls, static_cast<double>(requests[i]) / calls});
  }
  result.event_length = settings.trigger_duration;
  if (settings.event == storm_event::deploy) {
    result.event_length = {};
    for (const auto& [service, length] : run.deploy_times) {
      result.event_length = std::max(result.event_length, length.value_or(settings.length - settings.trigger_start));
    }
  }
  summarize(settings, result);
  result.event_count = fleet.fleet().event_log().event_count();
  result.hash = run.hash;
  result.speed = to_seconds(fleet.fleet().elapsed()) / elapsed;
  return result;
}

}  // namespace cohort::simulation
