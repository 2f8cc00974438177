#pragma once

#include <chrono>
#include <cstddef>

#include "core/runtime/clock.hpp"

namespace cohort::http {

/// What one connection, and all together, may take of a server. Every size and every time has a bound.
struct server_limits {
  std::size_t target_bytes = 8 * 1024;   // 414 above
  std::size_t header_bytes = 16 * 1024;  // start line and fields; 431 above
  std::size_t fields = 100;              // 431 above
  std::size_t body_bytes = 1024 * 1024;  // 413 above
  /// From a request's first byte to its header's end; 408 after.
  duration header_time = std::chrono::seconds{10};
  /// Between requests; the connection just closes.
  duration idle_time = std::chrono::seconds{60};
  /// A body gets this long, and longer by what its length takes at the slowest rate that is bearable; 408 after.
  duration body_time = std::chrono::seconds{10};
  std::size_t slowest_bytes_per_second = 16 * 1024;
  /// From the header's end to the answer, unless the route says less; 504 after.
  duration request_time = std::chrono::seconds{30};
  /// For a peer to take an answer, and longer by what its length takes at the slowest rate.
  duration write_time = std::chrono::seconds{10};
  std::size_t connections = 10'000;
  /// Of all connections together; 503 above.
  std::size_t body_bytes_in_all = 64 * 1024 * 1024;

  constexpr duration time_for(duration base, std::size_t bytes) const noexcept {
    return base + std::chrono::seconds{bytes / slowest_bytes_per_second};
  }
};

}  // namespace cohort::http
