// SPDX-License-Identifier: BSL-1.0
#include "tests/sim/random_faults.hpp"

#include <cohort/runtime/concurrency/wait_queue.hpp>

namespace cohort::test {
namespace {

using namespace std::chrono_literals;

constexpr duration drain_timeout = 10s;

class fault_generator {
 public:
  explicit fault_generator(simulated_stack& stack)
      : stack_(stack), network_(stack.fleet.network()), random_(stack.scenario.seed ^ 0xFA7EU) {}

  task<> run() {
    for (auto remaining = stack_.scenario.fault_count; remaining > 0; --remaining) {
      auto pause = sleep_for(random_.uniform_between(10ms, stack_.scenario.length / 2));
      co_await std::move(pause);
      // GCC 12 destroys a temporary twice here, so the task has a name.
      auto fault = stack_.scenario.is_lossless ? inject_lossless_fault() : inject_any_fault();
      co_await std::move(fault);
    }
  }

 private:
  sim::node& draw_upstream() {
    const auto index = random_.uniform_below(stack_.time_services.size() + 2);
    if (index == 0) return stack_.sysinfo;
    if (index == 1) return stack_.weather;
    return *stack_.time_services[index - 2];
  }
  sim::node& draw_server() {
    const auto index = random_.uniform_below(10);
    if (index < 2) return index == 0 ? stack_.wttr : stack_.open_meteo;
    return index == 2 ? stack_.dashboard : draw_upstream();
  }
  duration draw_fault_duration() { return random_.uniform_between(5ms, 1500ms); }
  void mark_faulty(const sim::node& target) { stack_.faulty_hosts.push_back(&target.host()); }

  task<> inject_lossless_fault() {
    switch (random_.uniform_below(4)) {
      case 0: {
        auto& target = draw_upstream();
        if (!target.is_running()) co_return;
        stack_.restarted_nodes.push_back(&target);
        co_await stack_.fleet.stop(target, drain_timeout);
        auto downtime = sleep_for(draw_fault_duration());
        co_await std::move(downtime);
        stack_.fleet.start(target);
        break;
      }
      case 1: {
        network_.set_resolve_delay("time-service", 1ms, draw_fault_duration());
        auto waiting = sleep_for(draw_fault_duration());
        co_await std::move(waiting);
        network_.set_resolve_delay("time-service", 0ms, 0ms);
        break;
      }
      case 2: stack_.fleet.time().step_wall_clock(random_.uniform_between(-48h, 48h)); break;
      default: {
        auto slower = stack_.scenario.links;
        slower.max_latency += draw_fault_duration() / 10;
        network_.set_conditions(stack_.dashboard.host(), draw_upstream().host(), slower);
      }
    }
  }

  task<> inject_any_fault() {
    switch (random_.uniform_below(8)) {
      case 0: co_await crash(draw_server()); break;
      case 1: co_await partition(draw_server()); break;
      case 2: reset_connections(draw_server()); break;
      case 3: make_half_open(draw_server()); break;
      case 4: co_await block_connects(draw_server()); break;
      case 5: co_await fail_resolution(); break;
      default: co_await inject_lossless_fault();
    }
  }

  task<> crash(sim::node& target) {
    if (!target.is_running()) co_return;
    mark_faulty(target);
    if (random_.bernoulli(0.5)) {
      stack_.fleet.kill(target);
    } else {
      stack_.fleet.power_off(target);
    }
    auto downtime = sleep_for(draw_fault_duration());
    co_await std::move(downtime);
    stack_.fleet.start(target);
  }

  task<> partition(sim::node& target) {
    const bool is_provider = &target == &stack_.wttr || &target == &stack_.open_meteo;
    auto& client = is_provider ? stack_.weather : stack_.dashboard;
    mark_faulty(target);
    network_.partition(client.host(), target.host());
    auto waiting = sleep_for(draw_fault_duration());
    co_await std::move(waiting);
    network_.heal(client.host(), target.host());
  }

  void reset_connections(sim::node& target) {
    mark_faulty(target);
    for (const auto& connection : connections_to(target)) {
      if (random_.bernoulli(0.5)) {
        connection->reset_after(target.host(), random_.uniform_below(2000));
      } else {
        connection->reset();
      }
    }
  }

  void make_half_open(sim::node& target) {
    mark_faulty(target);
    for (const auto& connection : connections_to(target)) {
      if (random_.bernoulli(0.5)) connection->make_half_open();
    }
  }

  task<> block_connects(sim::node& target) {
    mark_faulty(target);
    const bool is_black_hole = random_.bernoulli(0.5);
    set_connects_blocked(target, is_black_hole, true);
    auto waiting = sleep_for(draw_fault_duration());
    co_await std::move(waiting);
    set_connects_blocked(target, is_black_hole, false);
  }
  void set_connects_blocked(sim::node& target, bool is_black_hole, bool enabled) {
    if (is_black_hole) {
      network_.black_hole_connections(target.host(), enabled);
    } else {
      network_.refuse_connections(target.host(), enabled);
    }
  }

  task<> fail_resolution() {
    network_.fail_resolution("time-service");
    auto waiting = sleep_for(draw_fault_duration());
    co_await std::move(waiting);
    network_.fail_resolution("time-service", false);
  }

  std::vector<std::shared_ptr<sim::connection>> connections_to(const sim::node& target) {
    auto connections = network_.connections(stack_.dashboard.host(), target.host());
    const auto from_generator = network_.connections(*network_.find("loadgen"), target.host());
    connections.insert(connections.end(), from_generator.begin(), from_generator.end());
    return connections;
  }

  simulated_stack& stack_;
  sim::network& network_;
  random_generator random_;
};

}  // namespace

task<> inject_random_faults(simulated_stack& stack) {
  fault_generator generator{stack};
  co_await generator.run();
}

}  // namespace cohort::test
