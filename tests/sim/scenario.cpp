#include "tests/sim/scenario.hpp"

#include "core/runtime/random.hpp"

namespace cohort::test {
namespace {

using namespace std::chrono_literals;

sim::link_conditions links_of(random_source& chance) {
  sim::link_conditions how;
  switch (chance.below(6)) {
    case 0:  // another continent
      how.least_latency = 20ms;
      how.most_latency = 80ms;
      how.jitter = 5ms;
      break;
    case 1:  // a narrow way
      how.bytes_per_second = 200'000;
      break;
    case 2:  // every message in small pieces
      how.largest_read = 1 + chance.below(64);
      how.capacity = 64 + chance.below(512);
      break;
    case 3:  // no time passes at all: everything happens at once
      how.least_latency = how.most_latency = how.jitter = 0ms;
      break;
    default: break;
  }
  return how;
}

}  // namespace

scenario scenario_of(std::uint64_t seed) {
  // Not the loop's own chance: what the services draw must not change what befalls them.
  random_source chance{seed ^ 0x5CE4A210U};
  scenario made;
  made.seed = seed;
  made.gentle = chance.chance(0.35);
  made.time_replicas = 1 + chance.below(3);
  made.links = links_of(chance);
  const bool is_busy = chance.chance(0.1);
  made.requests_per_second = static_cast<std::int64_t>(is_busy ? 300 + chance.below(500) : 20 + chance.below(60));
  made.length = is_busy ? chance.between(300ms, 1s) : chance.between(1s, 3s);
  if (chance.chance(0.4)) made.time_limit = chance.between(20ms, 2s);
  made.patience = chance.chance(0.3) ? chance.between(50ms, 1s) : duration{10s};
  made.keeps_connections = chance.chance(0.8);
  made.cache_seconds = chance.chance(0.5) ? 1 : 600;
  made.misfortunes = chance.below(6);
  return made;
}

}  // namespace cohort::test
