// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <optional>

#include <cohort/sim/host.hpp>

namespace cohort::test {

/// The parameters of one run of the four services, drawn from a seed.
struct scenario {
  std::uint64_t seed = 1;
  /// Only faults that must not lose a request are injected: graceful restarts, slow look-ups, clock steps, higher
  /// latency, and failures of the weather providers.
  bool is_lossless = false;
  std::size_t time_replicas = 1;
  sim::link_conditions links;
  std::int64_t requests_per_second = 50;
  duration length{};
  /// Sent to the dashboard as deadline header.
  std::optional<duration> deadline;
  /// The client closes the connection after that.
  duration client_timeout{};
  bool keep_alive = true;
  std::int64_t cache_seconds = 600;
  std::size_t fault_count = 0;
};

scenario draw_scenario(std::uint64_t seed);

}  // namespace cohort::test
