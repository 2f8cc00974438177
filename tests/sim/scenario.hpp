#pragma once

#include <cstdint>
#include <optional>

#include "core/sim/host.hpp"

namespace cohort::test {

/// What a seed decides about a run of the four services before it begins.
struct scenario {
  std::uint64_t seed = 1;
  /// Nothing is broken: servers drain and come back, names are slow, providers stumble. Whatever is lost then is our
  /// own doing.
  bool gentle = false;
  std::size_t time_replicas = 1;
  sim::link_conditions links;
  std::int64_t requests_per_second = 50;
  duration length{};
  /// Told to the dashboard, and so to all behind it.
  std::optional<duration> time_limit;
  /// The caller hangs up then.
  duration patience{};
  bool keeps_connections = true;
  std::int64_t cache_seconds = 600;
  std::size_t misfortunes = 0;
};

scenario scenario_of(std::uint64_t seed);

}  // namespace cohort::test
