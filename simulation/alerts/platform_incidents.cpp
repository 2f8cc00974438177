// SPDX-License-Identifier: BSL-1.0
#include "simulation/alerts/incident_parts.hpp"

namespace cohort::simulation::alerts {

using namespace std::chrono_literals;

task<> stop_broker(monitored_fleet& fleet, bool is_machine_lost) {
  fleet.stop_broker(is_machine_lost);
  auto wait_task = fleet.wait_until(fleet.run().fault_end);
  co_await std::move(wait_task);
  fleet.start_broker();
}

task<> stop_discovery(monitored_fleet& fleet, bool is_machine_lost) {
  auto& etcd = fleet.discovery();
  if (is_machine_lost) {
    fleet.fleet().power_off(etcd);
  } else {
    fleet.fleet().kill(etcd);
  }
  auto wait_task = fleet.wait_until(fleet.run().fault_end);
  co_await std::move(wait_task);
  fleet.fleet().start(etcd);
}

namespace {

void draw_broker_outage(random_generator& random, incident& details) {
  const bool is_machine_lost = random.bernoulli(0.5);
  details.description = is_machine_lost ? "the broker's machine is powered off" : "the broker's process stops";
  details.expected = {{"MessageBrokerUnreachable", job("weather-service")},
                      {"MessageBrokerUnreachable", job("dashboard-service")}};
  details.inject = [=](monitored_fleet& fleet) { return stop_broker(fleet, is_machine_lost); };
}

task<> withhold_confirms(monitored_fleet& fleet, bool is_blocked, double rate) {
  fleet.broker().is_withholding_confirms = true;
  if (is_blocked) fleet.broker().send_blocked(true);
  auto crawl_task = crawl(fleet, rate);
  co_await std::move(crawl_task);
  fleet.broker().is_withholding_confirms = false;
  if (is_blocked) fleet.broker().send_blocked(false);
}

void draw_full_broker(random_generator& random, incident& details) {
  const bool is_blocked = random.bernoulli(0.5);
  const double rate = 0.8 + 1.2 * random.uniform();
  details.description = std::string{"the broker "} + (is_blocked ? "blocks its publishers" : "confirms no messages") +
                        "; " + std::to_string(rate).substr(0, 3) + " new reports a second";
  details.expected = {{"MessageOutboxFilling", job("weather-service")}};
  details.inject = [=](monitored_fleet& fleet) { return withhold_confirms(fleet, is_blocked, rate); };
}

task<> publish_invalid_messages(monitored_fleet& fleet, duration interval) {
  while (fleet.fleet().elapsed() < fleet.run().fault_end) {
    fleet.broker().store("weather.reports", "Haifa: 21 degrees");
    auto sleep_task = sleep_for(fleet.random().uniform_between(interval / 2, interval * 3 / 2));
    co_await std::move(sleep_task);
  }
}

void draw_invalid_messages(random_generator& random, incident& details) {
  const auto interval = random.uniform_between(5s, 200s);
  details.description = "a publisher sends an invalid report every " +
                        std::to_string(std::chrono::round<std::chrono::seconds>(interval).count()) + " s";
  details.expected = {{"MessagesDeadLettered", job("dashboard-service")}};
  details.inject = [=](monitored_fleet& fleet) { return publish_invalid_messages(fleet, interval); };
}

void draw_discovery_outage(random_generator& random, incident& details) {
  const bool is_machine_lost = random.bernoulli(0.5);
  details.description = is_machine_lost ? "the machine of etcd is powered off" : "the process of etcd stops";
  details.expected = {{"DiscoveryRegistrationFailing", job("time-service")},
                      {"DiscoverySilent", job("dashboard-service")}};
  details.inject = [=](monitored_fleet& fleet) { return stop_discovery(fleet, is_machine_lost); };
}

task<> partition_from_discovery(monitored_fleet& fleet, std::string service) {
  auto& network = fleet.fleet().network();
  auto& etcd = fleet.discovery().host();
  for (auto* node : fleet.replicas(service)) network.partition(etcd, node->host());
  auto wait_task = fleet.wait_until(fleet.run().fault_end);
  co_await std::move(wait_task);
  for (auto* node : fleet.replicas(service)) network.heal(etcd, node->host());
}

void draw_discovery_partition(random_generator& random, incident& details) {
  const bool is_caller = random.bernoulli(0.5);
  const std::string service = is_caller ? "dashboard-service" : "time-service";
  details.description = "no packets between " + service + " and etcd";
  details.expected = {{is_caller ? "DiscoverySilent" : "DiscoveryRegistrationFailing", job(service)}};
  details.inject = [service](monitored_fleet& fleet) { return partition_from_discovery(fleet, service); };
}

void draw_failing_route(random_generator& random, incident& details) {
  monitored_fleet::server_state state;
  if (random.bernoulli(0.5)) {
    state.delay = 60s;
    details.description = "the server of a route with 3 % of the requests does not respond";
  } else {
    state.failure_ratio = 0.85 + 0.15 * random.uniform();
    details.description = "the server of a route with 3 % of the requests fails " +
                          std::to_string(static_cast<int>(state.failure_ratio * 100)) + " % of them";
  }
  details.expected = {{"GatewayRouteFailing", "route=\"legacy\""}};
  details.inject = [=](monitored_fleet& fleet) {
    return set_server_state(fleet, &monitored_fleet::legacy_server, state);
  };
}

task<> rotate_key(monitored_fleet& fleet, double ratio) {
  fleet.unknown_key_ratio = ratio;
  auto wait_task = fleet.wait_until(fleet.run().fault_end);
  co_await std::move(wait_task);
  fleet.unknown_key_ratio = 0;
}

void draw_rotated_key(random_generator& random, incident& details) {
  const double ratio = 0.5 + 0.5 * random.uniform();
  details.description =
      std::to_string(static_cast<int>(ratio * 100)) + " % of the tokens have a key that is missing in the routes file";
  details.expected = {{"GatewayTokenKeyUnknown", job("gateway-service")}};
  details.inject = [=](monitored_fleet& fleet) { return rotate_key(fleet, ratio); };
}

}  // namespace

std::vector<incident_kind> platform_incidents() {
  return {
      {"broker outage", "the process or the machine of the message broker stops", draw_broker_outage},
      {"full broker", "the broker confirms no messages, at a rate of 0.8 to 2 messages per second", draw_full_broker},
      {"invalid messages", "a publisher sends an invalid message every 5 to 200 s", draw_invalid_messages},
      {"discovery outage", "the process or the machine of etcd stops", draw_discovery_outage},
      {"separated discovery", "a service and etcd cannot reach each other", draw_discovery_partition},
      {"failing route", "the server of a route with 3 % of the requests does not respond, or fails 85 to 100 % of them",
       draw_failing_route},
      {"rotated key", "50 to 100 % of the tokens are signed with an unknown key", draw_rotated_key},
  };
}

}  // namespace cohort::simulation::alerts
