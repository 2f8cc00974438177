// SPDX-License-Identifier: BSL-1.0
#include "tests/sim/scenario.hpp"

#include <algorithm>
#include <stdexcept>

#include <cohort/runtime/random.hpp>
#include "tests/sim/random_faults.hpp"

namespace cohort::test {
namespace {

using namespace std::chrono_literals;

void draw_links(random_generator& random, std::map<std::string, std::string>& parameters) {
  switch (random.uniform_below(6)) {
    case 0: parameters["links"] = "continent"; break;
    case 1: parameters["links"] = "low-bandwidth"; break;
    case 2:
      parameters["max-read-size"] = std::to_string(1 + random.uniform_below(64));
      parameters["capacity"] = std::to_string(64 + random.uniform_below(512));
      break;
    case 3: parameters["links"] = "immediate"; break;
    default: break;
  }
}

sim::link_conditions links_of(const sim::schedule& schedule) {
  sim::link_conditions conditions;
  const auto links = schedule.parameter("links", "default");
  if (links == "continent") {
    conditions.min_latency = 20ms;
    conditions.max_latency = 80ms;
    conditions.jitter = 5ms;
  } else if (links == "low-bandwidth") {
    conditions.bytes_per_second = 200'000;
  } else if (links == "immediate") {
    // Many simultaneous events.
    conditions.min_latency = conditions.max_latency = conditions.jitter = 0ms;
  } else if (links != "default") {
    throw std::invalid_argument("links is " + links + ", but must be default, continent, low-bandwidth or immediate");
  }
  conditions.max_read_size = std::stoul(schedule.parameter("max-read-size", std::to_string(conditions.max_read_size)));
  conditions.capacity = std::stoul(schedule.parameter("capacity", std::to_string(conditions.capacity)));
  return conditions;
}

sim::scheduled_event request_event(duration at, std::uint64_t target) {
  if (target < 4) return {.at = at, .node = dashboard_name, .peer = "/api/aggregate"};
  if (target < 7) return {.at = at, .node = dashboard_name, .peer = "/api/time-proxy"};
  if (target < 9) return {.at = at, .node = weather_name, .peer = "/api/weather"};
  return {.at = at, .node = sysinfo_name, .peer = "/api/sysinfo"};
}

/// Poisson arrivals, in whole microseconds.
void draw_requests(random_generator& random, duration length, double per_second, sim::schedule& result) {
  for (auto at = duration{0};;) {
    const auto microseconds = random.exponential() / per_second * 1e6;
    at += std::chrono::microseconds{static_cast<std::int64_t>(microseconds)};
    if (at >= length) return;
    result.events.push_back(request_event(at, random.uniform_below(10)));
  }
}

duration whole_milliseconds(duration span) { return span / 1ms * 1ms; }

}  // namespace

sim::schedule draw_schedule(std::uint64_t seed) {
  // A separate generator, so that the random values of the services do not change the faults.
  random_generator random{seed ^ 0x5CE4A210U};
  sim::schedule result;
  result.seed = seed;
  const bool is_lossless = random.bernoulli(0.35);
  if (is_lossless) result.parameters["lossless"] = "yes";
  result.nodes = {wttr_name, open_meteo_name, sysinfo_name, weather_name, time_name};
  const auto replicas = 1 + random.uniform_below(3);
  for (std::uint64_t i = 2; i <= replicas; ++i) result.nodes.push_back(time_name + ("-" + std::to_string(i)));
  draw_links(random, result.parameters);
  const bool has_high_rate = random.bernoulli(0.1);
  const auto rate = has_high_rate ? 300 + random.uniform_below(500) : 20 + random.uniform_below(60);
  const auto length = has_high_rate ? random.uniform_between(300ms, 1s) : random.uniform_between(1s, 3s);
  const auto draw_time = [&](duration min, duration max) {
    return sim::to_text(whole_milliseconds(random.uniform_between(min, max)));
  };
  if (random.bernoulli(0.4)) result.parameters["deadline"] = draw_time(20ms, 2s);
  if (random.bernoulli(0.3)) result.parameters["client-timeout"] = draw_time(50ms, 1s);
  if (!random.bernoulli(0.8)) result.parameters["keep-alive"] = "no";
  if (random.bernoulli(0.5)) result.parameters["cache-seconds"] = "1";
  draw_requests(random, length, static_cast<double>(rate), result);
  draw_random_faults(random, random.uniform_below(6), length, is_lossless, result);
  result.sort_events();
  return result;
}

sim::schedule draw_long_schedule(std::uint64_t seed) {
  random_generator random{seed ^ 0xA0D17U};
  sim::schedule result;
  result.seed = seed;
  result.nodes = {wttr_name, open_meteo_name, sysinfo_name, weather_name, time_name, std::string{time_name} + "-2"};
  result.parameters["cache-seconds"] = "1";
  if (seed % 2 == 0) result.parameters["deadline"] = "500ms";
  constexpr duration length = 30s;
  draw_requests(random, length, 40, result);
  draw_random_faults(random, 12, length / 6, false, result);
  result.sort_events();
  return result;
}

scenario scenario_of(const sim::schedule& schedule) {
  scenario parameters;
  parameters.is_lossless = schedule.parameter("lossless", "no") == "yes";
  parameters.time_replica_count = static_cast<std::size_t>(
      std::ranges::count_if(schedule.nodes, [](const auto& name) { return name.starts_with(time_name); }));
  parameters.links = links_of(schedule);
  parameters.deadline = schedule.duration_parameter("deadline");
  parameters.client_timeout = schedule.duration_parameter("client-timeout").value_or(parameters.client_timeout);
  parameters.keep_alive = schedule.parameter("keep-alive", "yes") == "yes";
  parameters.cache_seconds = std::stol(schedule.parameter("cache-seconds", "600"));
  return parameters;
}

}  // namespace cohort::test
