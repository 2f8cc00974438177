// SPDX-License-Identifier: BSL-1.0
#include "tests/sim/scenario.hpp"

#include <cohort/runtime/random.hpp>

namespace cohort::test {
namespace {

using namespace std::chrono_literals;

sim::link_conditions draw_links(random_generator& random) {
  sim::link_conditions conditions;
  switch (random.uniform_below(6)) {
    case 0:  // another continent
      conditions.min_latency = 20ms;
      conditions.max_latency = 80ms;
      conditions.jitter = 5ms;
      break;
    case 1:  // low bandwidth
      conditions.bytes_per_second = 200'000;
      break;
    case 2:  // small segments
      conditions.max_read_size = 1 + random.uniform_below(64);
      conditions.capacity = 64 + random.uniform_below(512);
      break;
    case 3:  // no latency: many events at the same time
      conditions.min_latency = conditions.max_latency = conditions.jitter = 0ms;
      break;
    default: break;
  }
  return conditions;
}

}  // namespace

scenario draw_scenario(std::uint64_t seed) {
  // A generator of its own, so that the values that the services draw do not change the faults.
  random_generator random{seed ^ 0x5CE4A210U};
  scenario drawn;
  drawn.seed = seed;
  drawn.is_lossless = random.bernoulli(0.35);
  drawn.time_replicas = 1 + random.uniform_below(3);
  drawn.links = draw_links(random);
  const bool has_high_rate = random.bernoulli(0.1);
  drawn.requests_per_second =
      static_cast<std::int64_t>(has_high_rate ? 300 + random.uniform_below(500) : 20 + random.uniform_below(60));
  drawn.length = has_high_rate ? random.uniform_between(300ms, 1s) : random.uniform_between(1s, 3s);
  if (random.bernoulli(0.4)) drawn.deadline = random.uniform_between(20ms, 2s);
  drawn.client_timeout = random.bernoulli(0.3) ? random.uniform_between(50ms, 1s) : duration{10s};
  drawn.keep_alive = random.bernoulli(0.8);
  drawn.cache_seconds = random.bernoulli(0.5) ? 1 : 600;
  drawn.fault_count = random.uniform_below(6);
  return drawn;
}

}  // namespace cohort::test
