// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include <cohort/runtime/task.hpp>
#include <cohort/runtime/time/clock.hpp>

namespace cohort::sim {

class process;

/// The process of a `killed` host is terminated; a `powered_off` host does not respond at all.
enum class host_state : std::uint8_t { up, killed, powered_off };

/// A machine of the simulated network. Only `network` modifies a host.
struct host {
  std::string name;
  asio::ip::address address;
  /// The index of the host, from 0, in the order of `network::add_host`.
  std::size_t index;
  host_state state = host_state::up;
  bool refuses_connections = false;
  bool black_holes_connections = false;
  /// The process whose loops run the host's programs; null if they run on the loop of the simulation and use no CPU
  /// time.
  process* program = nullptr;
};

/// Latency, bandwidth and message segmentation of a link between two hosts. All latencies are one-way.
struct link_conditions {
  /// Each connection has a constant base latency, drawn from this range when the connection is opened.
  duration min_latency = std::chrono::microseconds{50};
  duration max_latency = std::chrono::microseconds{250};
  /// Maximum random delay added to each segment. Order is preserved.
  duration jitter = std::chrono::microseconds{50};
  /// Bandwidth of each direction, shared by all connections of the link; unlimited if 0.
  std::size_t bytes_per_second = 0;
  /// The probability that a segment or a connection request is lost. TCP retransmits after a timeout, which doubles
  /// with each further loss: 200 ms for data (Linux), 1 s for connection requests (RFC 6298).
  double loss = 0;
  /// Maximum bytes that one read returns; 1 splits messages at every byte. A connection keeps its initial value.
  std::size_t max_read_size = 64 * 1024;
  /// Maximum bytes in flight in each direction of a connection; writes beyond that wait. A connection keeps its
  /// initial value.
  std::size_t capacity = 64 * 1024;
};

/// State of the link between two hosts.
struct link {
  /// Replaces the network's default conditions.
  std::optional<link_conditions> conditions;
  std::optional<time_point> partitioned_since;
  /// The time at which the bytes sent so far have left the sender, for each direction.
  std::array<time_point, 2> busy_until{};
};

}  // namespace cohort::sim
