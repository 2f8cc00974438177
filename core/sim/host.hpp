#pragma once

#include <array>
#include <boost/asio/ip/address.hpp>
#include <optional>
#include <string>

#include "core/runtime/clock.hpp"
#include "core/runtime/task.hpp"

namespace cohort::sim {

/// A machine of the simulated network. Only the network changes it.
struct host {
  enum class condition { up, killed, vanished };

  std::string name;
  asio::ip::address address;
  std::size_t number;
  condition is = condition::up;
  bool refuses = false;
  bool swallows = false;
};

/// What the way between two hosts is like. Times are one way.
struct link_conditions {
  /// Each connection has its own, between these two.
  duration least_latency = std::chrono::microseconds{50};
  duration most_latency = std::chrono::microseconds{250};
  /// At most so much comes on top for each piece; order is kept.
  duration jitter = std::chrono::microseconds{50};
  /// Each way, for all connections together; 0: endless.
  std::size_t bytes_per_second = 0;
  /// The most that one read gives; 1 cuts messages at every byte.
  std::size_t largest_read = 64 * 1024;
  /// What a connection holds each way, before writes wait. This and `largest_read` are as they were when it was made.
  std::size_t capacity = 64 * 1024;
};

/// The way between two hosts as it is now.
struct link {
  std::optional<link_conditions> own_conditions;
  std::optional<time_point> partitioned_since;
  /// For each direction: when what was sent so far has left.
  std::array<time_point, 2> busy_until{};
};

}  // namespace cohort::sim
