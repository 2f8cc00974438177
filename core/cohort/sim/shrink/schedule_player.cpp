// SPDX-License-Identifier: BSL-1.0
#include <cohort/sim/shrink/schedule_player.hpp>

#include <array>
#include <boost/url/parse.hpp>
#include <memory>
#include <stdexcept>

#include <cohort/http/client/fetch.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>

namespace cohort::sim {
namespace {

using enum event_action;
using namespace std::chrono_literals;

constexpr duration drain_timeout = 10s;

/// Runs the events of one schedule. The scripts of the schedule share this object.
struct player {
  sim::fleet& fleet;
  player_settings settings;
  time_point start;

  static task<> play_faults(std::shared_ptr<player> self, std::vector<scheduled_event> faults);
  static task<> send_request(std::shared_ptr<player> self, scheduled_event event);
  /// Injects one fault, and removes it after its duration.
  task<> inject(scheduled_event event);

 private:
  task<> stop_process(const scheduled_event& event, node& target);
  void set_fault(const scheduled_event& event, bool enabled);
  std::vector<std::shared_ptr<connection>> selected_connections(const scheduled_event& event) const;
  host& host_of(const std::string& name) const { return *fleet.network().find(name); }
};

task<> player::play_faults(std::shared_ptr<player> self, std::vector<scheduled_event> faults) {
  for (auto& fault : faults) {
    auto wait_task = sleep_until(deadline{self->start + fault.at});
    co_await std::move(wait_task);
    auto inject_task = self->inject(std::move(fault));
    co_await std::move(inject_task);
  }
}

task<> player::send_request(std::shared_ptr<player> self, scheduled_event event) {
  auto wait_task = sleep_until(deadline{self->start + event.at});
  co_await std::move(wait_task);
  http::client_request request;
  request.url = *boost::urls::parse_uri(self->fleet.find(event.node)->url() + event.peer);
  const auto call_deadline = deadline::after(loop::current().now(), self->settings.request_timeout);
  auto fetch_task = http::fetch(self->fleet.client(), std::move(request), call_deadline);
  const auto response = co_await std::move(fetch_task);
  if (self->settings.on_response) self->settings.on_response(event, response);
}

task<> player::inject(scheduled_event event) {
  const bool ends_process = event.action == kill || event.action == power_off || event.action == stop;
  if (ends_process) {
    auto& target = *fleet.find(event.node);
    if (!target.is_running()) co_return;
    if (settings.on_fault) settings.on_fault(event);
    auto stop_task = stop_process(event, target);
    co_await std::move(stop_task);
    co_return;
  }
  if (settings.on_fault) settings.on_fault(event);
  if (event.action == step_clock) {
    fleet.time().step_wall_clock(event.amount);
  } else if (event.action == reset || event.action == half_open) {
    for (const auto& selected : selected_connections(event)) {
      if (event.action == half_open) {
        selected->make_half_open();
      } else if (event.bytes == 0) {
        selected->reset();
      } else {
        selected->reset_after(host_of(event.node), event.bytes);
      }
    }
  } else {
    const bool is_permanent = event.action == delay && event.lasts == 0s;
    set_fault(event, true);
    auto wait_task = sleep_for(event.lasts);
    co_await std::move(wait_task);
    if (!is_permanent) set_fault(event, false);
  }
}

task<> player::stop_process(const scheduled_event& event, node& target) {
  if (event.action == stop) {
    auto stop_task = fleet.stop(target, drain_timeout);
    co_await std::move(stop_task);
  } else if (event.action == kill) {
    fleet.kill(target);
  } else {
    fleet.power_off(target);
  }
  auto downtime = sleep_for(event.lasts);
  co_await std::move(downtime);
  fleet.start(target);
}

void player::set_fault(const scheduled_event& event, bool enabled) {
  auto& network = fleet.network();
  switch (event.action) {
    case partition:
      if (enabled) {
        network.partition(host_of(event.node), host_of(event.peer));
      } else {
        network.heal(host_of(event.node), host_of(event.peer));
      }
      break;
    case delay: {
      auto conditions = network.conditions(host_of(event.node), host_of(event.peer));
      const auto added = enabled ? event.amount : -event.amount;
      conditions.min_latency += added;
      conditions.max_latency += added;
      network.set_conditions(host_of(event.node), host_of(event.peer), conditions);
      break;
    }
    case refuse_connections: network.refuse_connections(host_of(event.node), enabled); break;
    case black_hole_connections: network.black_hole_connections(host_of(event.node), enabled); break;
    case fail_resolution: network.fail_resolution(event.node, enabled); break;
    case delay_resolution: network.set_resolve_delay(event.node, 0s, enabled ? event.amount : 0s); break;
    default: break;
  }
}

std::vector<std::shared_ptr<connection>> player::selected_connections(const scheduled_event& event) const {
  auto selected = fleet.network().connections_to(host_of(event.node));
  std::size_t index = 0;
  std::erase_if(selected, [&](const auto&) { return ((event.selection >> (index++ % 64)) & 1U) == 0; });
  return selected;
}

void check_names(fleet& target, const scheduled_event& event) {
  const auto require = [&](const std::string& name, bool exists, const char* kind) {
    if (!exists) throw std::invalid_argument("event \"" + to_text(event) + "\": there is no " + kind + " " + name);
  };
  const bool needs_node =
      event.action == request || event.action == kill || event.action == power_off || event.action == stop;
  const bool has_dns_name = event.action == fail_resolution || event.action == delay_resolution;
  if (needs_node) {
    require(event.node, target.find(event.node) != nullptr, "node");
  } else if (!has_dns_name && event.action != step_clock) {
    require(event.node, target.network().find(event.node) != nullptr, "host");
  }
  if (event.action == partition || event.action == delay) {
    require(event.peer, target.network().find(event.peer) != nullptr, "host");
  }
}

}  // namespace

void play(fleet& target, const schedule& source, player_settings settings) {
  // The client host that sends the requests; events may name this host.
  if (settings.sends_requests) target.client();
  for (const auto& event : source.events) {
    if (event.action != request || settings.sends_requests) check_names(target, event);
  }
  const auto shared = std::make_shared<player>(player{target, std::move(settings), target.event_loop().now()});
  schedule faults;
  for (const auto& event : source.events) {
    if (event.action != request) {
      faults.events.push_back(event);
    } else if (shared->settings.sends_requests) {
      target.spawn(player::send_request(shared, event));
    }
  }
  faults.sort_events();
  if (shared->settings.is_sequential) {
    target.spawn(player::play_faults(shared, std::move(faults.events)));
  } else {
    for (const auto& fault : faults.events) target.spawn(player::play_faults(shared, {fault}));
  }
}

scheduled_event random_fault(random_generator& random, const std::vector<std::string>& nodes,
                             const std::vector<std::string>& clients, duration run_length) {
  constexpr std::array actions{
      kill,      power_off,        stop,           partition, delay, refuse_connections, black_hole_connections, reset,
      half_open, delay_resolution, fail_resolution};
  scheduled_event event;
  event.action = actions[random.uniform_below(actions.size())];
  event.node = nodes[random.uniform_below(nodes.size())];
  event.at = random.uniform_between(0s, run_length);
  if (event.action == partition || event.action == delay) event.peer = clients[random.uniform_below(clients.size())];
  if (event.action == delay || event.action == delay_resolution) event.amount = random.uniform_between(1ms, 200ms);
  if (event.action == reset || event.action == half_open) {
    event.selection = random.next();
    if (event.action == reset && random.bernoulli(0.5)) event.bytes = 1 + random.uniform_below(2000);
  } else {
    event.lasts = random.uniform_between(5ms, 1500ms);
  }
  return event;
}

}  // namespace cohort::sim
