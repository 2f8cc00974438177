// SPDX-License-Identifier: BSL-1.0
#include "simulation/alerts/incident_parts.hpp"

namespace cohort::simulation::alerts {
namespace {

using namespace std::chrono_literals;

void draw_slow_service(random_generator& random, incident& details) {
  const auto service = draw_from(random, upstream_services);
  const bool is_weather = service == "weather-service";
  const auto latency = draw_between(random, 1300, is_weather ? 4500 : 2600);
  details.description = service + " takes " + std::to_string(latency) + " ms longer";
  details.expected = {
      {"UpstreamServiceSlow", {}}, {"HighLatency", job(service)}, {"HighLatency", job("dashboard-service")}};
  if (latency > 2300 && is_weather) details.expected.push_back({"WeatherServiceHighLatency", {}});
  details.inject = [service, latency](monitored_fleet& fleet) {
    return inject_faults(fleet, service, faults_json("latency_ms", latency));
  };
}

void draw_hanging_service(random_generator& random, incident& details) {
  const auto service = draw_from(random, upstream_services);
  details.description = service + " does not respond";
  details.expected = {{"CircuitBreakerOpen", job("dashboard-service")}};
  details.inject = [service](monitored_fleet& fleet) {
    return inject_faults(fleet, service, faults_json("hang_percent", 100));
  };
}

task<> deploy_with_errors(monitored_fleet& fleet, std::string service, std::int64_t percent) {
  for (auto* node : fleet.replicas(service)) {
    auto deploy_task = fleet.deploy(*node);
    co_await std::move(deploy_task);
  }
  auto inject_task = inject_faults(fleet, service, faults_json("error_percent", percent));
  co_await std::move(inject_task);
}

void draw_bad_deploy(random_generator& random, incident& details) {
  const auto service = draw_from(random, all_services);
  const auto percent = draw_between(random, 10, 60);
  details.description = service + " fails " + std::to_string(percent) + " % of its requests after a deployment";
  details.expected = {{"HighErrorRate", job(service)}};
  details.inject = [service, percent](monitored_fleet& fleet) { return deploy_with_errors(fleet, service, percent); };
}

void draw_failing_service(random_generator& random, incident& details) {
  const auto service = draw_from(random, upstream_services);
  const auto percent = draw_between(random, 65, 85);
  // This ratio is high enough for the retries of the dashboard to exceed the constant part of the retry budget.
  details.load.requests_per_second = 8;
  details.description = service + " fails " + std::to_string(percent) + " % of its requests";
  details.expected = {{"HighErrorRate", job(service)}, {"RetryBudgetExhausted", job("dashboard-service")}};
  details.inject = [service, percent](monitored_fleet& fleet) {
    return inject_faults(fleet, service, faults_json("error_percent", percent));
  };
}

task<> fail_repeatedly(monitored_fleet& fleet, std::string service, duration down, duration up) {
  while (fleet.fleet().elapsed() + down < fleet.run().fault_end) {
    auto inject_task = fleet.set_faults(service, faults_json("error_percent", 100));
    co_await std::move(inject_task);
    auto outage = sleep_for(down);
    co_await std::move(outage);
    auto remove_task = fleet.set_faults(service, "");
    co_await std::move(remove_task);
    auto sleep_task = sleep_for(up);
    co_await std::move(sleep_task);
  }
}

void draw_flapping_service(random_generator& random, incident& details) {
  const auto service = draw_from(random, upstream_services);
  const auto down = random.uniform_between(20s, 60s);
  const auto up = random.uniform_between(20s, 60s);
  const auto seconds = [](duration span) {
    return std::to_string(std::chrono::round<std::chrono::seconds>(span).count());
  };
  details.description =
      service + " fails all requests for " + seconds(down) + " s, then none for " + seconds(up) + " s";
  details.expected = {{"HighErrorRate", job(service)}};
  details.inject = [=](monitored_fleet& fleet) { return fail_repeatedly(fleet, service, down, up); };
}

task<> kill_nodes(monitored_fleet& fleet, std::vector<sim::node*> nodes, bool is_deregistered) {
  for (auto* node : nodes) fleet.kill(*node, is_deregistered);
  auto wait_task = fleet.wait_until(fleet.run().fault_end);
  co_await std::move(wait_task);
  for (auto* node : nodes) fleet.restart_process(*node);
}

void draw_dead_replica(random_generator&, incident& details) {
  details.description = "one of two replicas of time-service is killed; it stays in DNS";
  details.expected = {{"ServiceDown", job("time-service")}};
  details.inject = [](monitored_fleet& fleet) {
    return kill_nodes(fleet, {fleet.replicas("time-service").back()}, false);
  };
}

void draw_dead_service(random_generator& random, incident& details) {
  const auto service = draw_from(random, all_programs);
  const bool is_deregistered = random.bernoulli(0.5);
  details.description = service + " is killed and " + (is_deregistered ? "leaves DNS" : "stays in DNS");
  details.expected = {{"ServiceDown", job(service)}};
  const bool is_upstream = service != "dashboard-service" && service != "gateway-service";
  if (is_upstream) details.expected.push_back({"CircuitBreakerOpen", job("dashboard-service")});
  details.inject = [=](monitored_fleet& fleet) { return kill_nodes(fleet, fleet.replicas(service), is_deregistered); };
}

task<> crash_repeatedly(monitored_fleet& fleet, std::string service, duration interval) {
  auto& node = *fleet.replicas(service).front();
  while (fleet.fleet().elapsed() < fleet.run().fault_end) {
    fleet.kill(node);
    auto downtime = sleep_for(5s);
    co_await std::move(downtime);
    fleet.restart_process(node);
    auto uptime = sleep_for(interval);
    co_await std::move(uptime);
  }
}

void draw_crash_loop(random_generator& random, incident& details) {
  const auto service = draw_from(random, all_programs);
  const auto interval = random.uniform_between(60s, 200s);
  details.description = "a process of " + service + " ends every " +
                        std::to_string(std::chrono::round<std::chrono::seconds>(interval).count()) + " s";
  details.expected = {{"ServiceRestarting", job(service)}};
  details.inject = [=](monitored_fleet& fleet) { return crash_repeatedly(fleet, service, interval); };
}

task<> block_repeatedly(monitored_fleet& fleet, std::string service, duration cost, duration interval) {
  auto& node = *fleet.replicas(service).front();
  while (fleet.fleet().elapsed() < fleet.run().fault_end) {
    auto sleep_task = sleep_for(fleet.random().uniform_between(interval / 2, interval * 3 / 2));
    co_await std::move(sleep_task);
    monitored_fleet::block(node, 0, cost);
  }
}

void draw_blocking_handler(random_generator& random, incident& details) {
  const auto service = draw_from(random, all_programs);
  const auto cost = random.uniform_between(150ms, 800ms);
  const auto interval = random.uniform_between(1s, 4s);
  const auto milliseconds = [](duration span) {
    return std::to_string(std::chrono::round<std::chrono::milliseconds>(span).count());
  };
  details.description = "a handler of " + service + " blocks its loop for " + milliseconds(cost) + " ms every " +
                        milliseconds(interval) + " ms";
  details.expected = {{"EventLoopBlocked", job(service)}};
  details.inject = [=](monitored_fleet& fleet) { return block_repeatedly(fleet, service, cost, interval); };
}

task<> block_thread(monitored_fleet& fleet) {
  monitored_fleet::block(*fleet.replicas("system-info-service").front(), 1,
                         fleet.run().fault_end - fleet.fleet().elapsed());
  co_return;
}

void draw_stuck_loop(random_generator&, incident& details) {
  details.description = "a handler of system-info-service does not end: one of two loops is stuck";
  details.expected = {{"EventLoopStuck", job("system-info-service")}};
  details.inject = [](monitored_fleet& fleet) { return block_thread(fleet); };
}

}  // namespace

std::vector<incident_kind> service_incidents() {
  return {
      {"slow service", "an upstream of the dashboard takes 1.3 to 4.5 s longer", draw_slow_service},
      {"hanging service", "an upstream of the dashboard does not respond", draw_hanging_service},
      {"bad deploy", "a service fails 10 to 60 % of its requests after a deployment", draw_bad_deploy},
      {"failing service", "an upstream of the dashboard fails 65 to 85 % of its requests", draw_failing_service},
      {"flapping service", "an upstream fails all requests for 20 to 60 s, then none for 20 to 60 s",
       draw_flapping_service},
      {"dead replica", "one of two replicas is killed", draw_dead_replica},
      {"dead service", "all replicas of a service are killed; in half of the runs they leave DNS", draw_dead_service},
      {"crash loop", "a process ends every 60 to 200 s", draw_crash_loop},
      {"blocking handler", "a handler blocks its loop for 150 to 800 ms every 1 to 4 s", draw_blocking_handler},
      {"stuck loop", "a handler does not end: one of two loops is stuck", draw_stuck_loop},
  };
}

}  // namespace cohort::simulation::alerts
