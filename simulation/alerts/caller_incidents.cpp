// SPDX-License-Identifier: BSL-1.0
#include "simulation/alerts/incident_parts.hpp"

namespace cohort::simulation::alerts {
namespace {

using namespace std::chrono_literals;

task<> overload(monitored_fleet& fleet, double factor, double speed) {
  auto& machine = fleet.replicas("dashboard-service").front()->host().program->assigned_machine();
  fleet.traffic_factor = factor;
  machine.set_speed(speed);
  auto wait_task = fleet.wait_until(fleet.run().fault_end);
  co_await std::move(wait_task);
  fleet.traffic_factor = 1;
  machine.set_speed(1);
}

void draw_overload(random_generator& random, incident& details) {
  // A request costs 500 µs of CPU time, including its calls; half of the requests go to the dashboard.
  details.load.requests_per_second = 8;
  const double utilization = 1.2 + 1.3 * random.uniform();
  const double factor = 8 + 2 * random.uniform();
  const double speed = 0.0005 * 4 * factor / utilization;
  details.description =
      "the load of dashboard-service is " + std::to_string(static_cast<int>(utilization * 100)) + " % of its capacity";
  details.expected = {{"LoadShedding", job("dashboard-service")},
                      {"HighRequestRate", job("dashboard-service")},
                      {"TrafficSpike", job("dashboard-service")}};
  details.inject = [=](monitored_fleet& fleet) { return overload(fleet, factor, speed); };
}

void draw_traffic_spike(random_generator& random, incident& details) {
  const double factor = 4 + 3 * random.uniform();
  details.description = "the rate of the callers is " + std::to_string(factor).substr(0, 3) + " times as high";
  details.expected = {{"TrafficSpike", job("dashboard-service")}};
  details.inject = [=](monitored_fleet& fleet) { return overload(fleet, factor, 1); };
}

void draw_no_traffic(random_generator&, incident& details) {
  details.description = "no client sends requests";
  for (const auto service : all_programs) details.expected.push_back({"NoTraffic", job(service)});
  details.inject = [](monitored_fleet& fleet) { return overload(fleet, 0, 1); };
}

}  // namespace

task<> set_server_state(monitored_fleet& fleet, monitored_fleet::server_state monitored_fleet::* servers,
                        monitored_fleet::server_state state) {
  const auto healthy_state = fleet.*servers;
  fleet.*servers = state;
  auto wait_task = fleet.wait_until(fleet.run().fault_end);
  co_await std::move(wait_task);
  fleet.*servers = healthy_state;
}

task<> crawl(monitored_fleet& fleet, double rate) {
  for (std::uint64_t place = 1; fleet.fleet().elapsed() < fleet.run().fault_end; ++place) {
    auto sleep_task = sleep_for(draw_interarrival_time(fleet.random(), rate));
    co_await std::move(sleep_task);
    auto url = "http://weather-service:5003/api/weather?location=Village" + std::to_string(place) + ",Israel";
    fleet.fleet().spawn(fleet.call("crawler", std::move(url)));
  }
}

namespace {

void draw_cache_misses(random_generator& random, incident& details) {
  // Two thirds of the other requests query the weather, and nearly all of these are cache hits.
  const double rate = details.load.requests_per_second * 0.65 * (1.5 + random.uniform());
  details.description =
      "a crawler requests the weather of " + std::to_string(rate).substr(0, 3) + " new places a second";
  details.expected = {{"LowCacheHitRate", job("weather-service")}};
  details.inject = [rate](monitored_fleet& fleet) { return crawl(fleet, rate); };
}

void draw_provider_outage(random_generator& random, incident& details) {
  const bool is_hanging = random.bernoulli(0.5);
  details.description = is_hanging ? "the weather providers do not respond" : "the weather providers fail all requests";
  details.load.place_count = 400;
  details.expected = {{"HighErrorRate", job("weather-service")}};
  monitored_fleet::server_state state;
  if (is_hanging) {
    state.delay = 60s;
  } else {
    state.failure_ratio = 1;
  }
  details.inject = [=](monitored_fleet& fleet) { return set_server_state(fleet, &monitored_fleet::providers, state); };
}

task<> call_repeatedly(monitored_fleet& fleet, std::string host, std::string url,
                       std::vector<std::pair<std::string, std::string>> fields, double rate) {
  while (fleet.fleet().elapsed() < fleet.run().fault_end) {
    auto sleep_task = sleep_for(draw_interarrival_time(fleet.random(), rate));
    co_await std::move(sleep_task);
    fleet.fleet().spawn(fleet.call(host, url, fields));
  }
}

void draw_invalid_keys(random_generator& random, incident& details) {
  details.load.api_key = "valid-key-of-the-callers";
  for (const auto service : all_services) details.settings[std::string{service}]["API_KEY"] = details.load.api_key;
  const double rate = 1 + 4 * random.uniform();
  details.description = "a client sends " + std::to_string(rate).substr(0, 3) + " requests per second without a key";
  details.expected = {{"HighAuthFailures", job("time-service")}};
  details.inject = [rate](monitored_fleet& fleet) {
    return call_repeatedly(fleet, "intruder", "http://time-service:5001/api/time", {}, rate);
  };
}

void draw_rate_limited_client(random_generator& random, incident& details) {
  details.settings["time-service"]["RATE_LIMIT"] = "120/min";
  const double rate = 6 + 6 * random.uniform();
  details.description =
      "a client sends " + std::to_string(static_cast<int>(rate)) + " requests per second, two of them allowed";
  details.expected = {{"ClientsRateLimited", job("time-service")}};
  details.inject = [rate](monitored_fleet& fleet) {
    return call_repeatedly(fleet, "script", "http://time-service:5001/api/time", {}, rate);
  };
}

task<> call_with_deadlines(monitored_fleet& fleet, std::int64_t latency, double rate) {
  fleet.fleet().spawn(call_repeatedly(fleet, "hurried", "http://system-info-service:5002/api/sysinfo",
                                      {{"x-envoy-expected-rq-timeout-ms", "100"}}, rate));
  auto inject_task = inject_faults(fleet, "system-info-service", faults_json("latency_ms", latency));
  co_await std::move(inject_task);
}

void draw_missed_deadlines(random_generator& random, incident& details) {
  const auto latency = draw_between(random, 150, 400);
  const double rate = 0.5 + random.uniform();
  details.description =
      "system-info-service takes " + std::to_string(latency) + " ms longer; a client has deadlines of 100 ms";
  details.expected = {{"DeadlinesExceeded", job("system-info-service")}};
  details.inject = [=](monitored_fleet& fleet) { return call_with_deadlines(fleet, latency, rate); };
}

void draw_active_fault(random_generator& random, incident& details) {
  const auto service = draw_from(random, all_services);
  details.description = "an experiment with 5 ms of latency on " + service + " is not stopped";
  details.has_fault_metrics = true;
  details.expected = {{"FaultInjectionActive", job(service)}};
  details.inject = [service](monitored_fleet& fleet) {
    return inject_faults(fleet, service, faults_json("latency_ms", 5));
  };
}

}  // namespace

std::vector<incident_kind> caller_incidents() {
  return {
      {"overload", "the dashboard receives 120 to 250 % of its capacity", draw_overload},
      {"traffic spike", "4 to 7 times the requests", draw_traffic_spike},
      {"no traffic", "no request arrives", draw_no_traffic},
      {"useless cache",
       "a crawler requests the weather of new places, at 1.5 to 2.5 times the rate of the other "
       "requests",
       draw_cache_misses},
      {"provider outage", "the weather providers fail or do not respond", draw_provider_outage},
      {"missing keys", "1 to 5 requests per second without a key", draw_invalid_keys},
      {"rate-limited client", "a client with 6 to 12 requests per second, two of them allowed",
       draw_rate_limited_client},
      {"missed deadlines", "a service takes 150 to 400 ms longer than usual; clients have deadlines of 100 ms",
       draw_missed_deadlines},
      {"fault left active", "an injected latency of 5 ms is not removed", draw_active_fault},
  };
}

}  // namespace cohort::simulation::alerts
