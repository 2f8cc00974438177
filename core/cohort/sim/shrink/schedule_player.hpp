// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>

#include <cohort/sim/fleet.hpp>
#include <cohort/sim/shrink/schedule.hpp>

namespace cohort::sim {

struct player_settings {
  /// Whether each fault starts only after the previous fault has ended, even if its time has passed.
  bool is_sequential = false;
  /// Called when a fault starts, before its effect. A fault of a process that is not running is skipped.
  std::function<void(const scheduled_event&)> on_fault{};
  /// Called with the result of each request.
  std::function<void(const scheduled_event&, const http::client_result&)> on_response{};
  /// Timeout of each request.
  duration request_timeout = std::chrono::seconds{30};
  /// If false, only faults are injected, and the program sends the requests.
  bool sends_requests = true;
};

/// Starts a schedule in a fleet: starts scripts that inject its faults and send its requests (GET, from the host
/// `client`). The caller must then run the fleet for at least `schedule::length()`. Throws `std::invalid_argument` if
/// an event names an unknown node or host. Precondition: all nodes have been added.
void play(fleet& target, const schedule& source, player_settings settings = {});

/// A fault with random target, time and length. `nodes` are nodes of the fleet, `clients` names of hosts that call
/// them, for partitions and delays; none may be empty.
scheduled_event random_fault(random_generator& random, const std::vector<std::string>& nodes,
                             const std::vector<std::string>& clients, duration run_length);

}  // namespace cohort::sim
