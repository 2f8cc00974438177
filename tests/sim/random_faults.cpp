// SPDX-License-Identifier: BSL-1.0
#include "tests/sim/random_faults.hpp"

#include "tests/sim/scenario.hpp"

namespace cohort::test {
namespace {

using namespace std::chrono_literals;
using enum sim::event_action;

class fault_generator {
 public:
  fault_generator(random_generator& random, const sim::schedule& result) : random_(random), schedule_(result) {}

  sim::scheduled_event draw(bool is_lossless) { return is_lossless ? draw_lossless_fault() : draw_fault(); }

 private:
  std::string draw_time_service() {
    std::vector<std::string> replicas;
    for (const auto& name : schedule_.nodes) {
      if (name.starts_with(time_name)) replicas.push_back(name);
    }
    return replicas[random_.uniform_below(replicas.size())];
  }
  std::string draw_upstream() {
    const auto index = random_.uniform_below(4);
    return index == 0 ? sysinfo_name : index == 1 ? weather_name : draw_time_service();
  }
  std::string draw_server() {
    const auto index = random_.uniform_below(10);
    if (index < 2) return index == 0 ? wttr_name : open_meteo_name;
    return index == 2 ? dashboard_name : draw_upstream();
  }
  duration draw_length() { return random_.uniform_between(5ms, 1500ms) / 1ms * 1ms; }

  sim::scheduled_event draw_lossless_fault() {
    switch (random_.uniform_below(4)) {
      case 0: return {.action = stop, .node = draw_upstream(), .lasts = draw_length()};
      case 1: return {.action = delay_resolution, .node = time_name, .lasts = draw_length(), .amount = draw_length()};
      case 2: return {.action = step_clock, .amount = random_.uniform_between(-48h, 48h) / 1s * 1s};
      default: return {.action = delay, .node = draw_upstream(), .peer = dashboard_name, .amount = draw_length() / 10};
    }
  }

  sim::scheduled_event draw_fault() {
    switch (random_.uniform_below(8)) {
      case 0:
        return {.action = random_.bernoulli(0.5) ? kill : power_off, .node = draw_server(), .lasts = draw_length()};
      case 1: return draw_partition();
      case 2:
        return {.action = reset,
                .node = draw_server(),
                .bytes = random_.bernoulli(0.5) ? random_.uniform_below(2000) : 0,
                .selection = random_.next() | random_.next()};
      case 3: return {.action = half_open, .node = draw_server(), .selection = random_.next()};
      case 4:
        return {.action = random_.bernoulli(0.5) ? black_hole_connections : refuse_connections,
                .node = draw_server(),
                .lasts = draw_length()};
      case 5: return {.action = fail_resolution, .node = time_name, .lasts = draw_length()};
      default: return draw_lossless_fault();
    }
  }

  sim::scheduled_event draw_partition() {
    auto server = draw_server();
    const bool is_provider = server == wttr_name || server == open_meteo_name;
    const bool is_dashboard = server == dashboard_name;
    auto peer = is_provider ? weather_name : is_dashboard ? load_host_name : dashboard_name;
    return {.action = partition, .node = std::move(server), .peer = peer, .lasts = draw_length()};
  }

  random_generator& random_;
  const sim::schedule& schedule_;
};

}  // namespace

void draw_random_faults(random_generator& random, std::uint64_t count, duration run_length, bool is_lossless,
                        sim::schedule& result) {
  fault_generator generator{random, result};
  for (auto at = duration{0}; count > 0; --count) {
    at += random.uniform_between(10ms, run_length / 2) / 1ms * 1ms;
    auto fault = generator.draw(is_lossless);
    fault.at = at;
    at += fault.lasts;
    result.events.push_back(std::move(fault));
  }
}

bool may_lose_requests(sim::event_action action) noexcept {
  return action != stop && action != delay && action != fail_resolution && action != delay_resolution &&
         action != step_clock;
}

}  // namespace cohort::test
