// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include <cohort/runtime/time/clock.hpp>

namespace cohort::policy {

/// Limits failed attempts per client, such as attempts with invalid credentials: `max_failures` in a window that starts
/// with the client's first failure. The table is bounded: beyond `max_clients`, the oldest window is evicted. The class
/// is a state machine without I/O and without a clock. Not thread-safe.
class failure_limiter {
 public:
  /// All arguments must be positive.
  failure_limiter(std::size_t max_failures, duration window, std::size_t max_clients = 10'000);

  /// Records a failed attempt. Returns the time until the client's window ends, or an empty optional if the attempt is
  /// within the limit. Further failures do not extend the window.
  std::optional<duration> record(std::string_view client, time_point now);

  /// Number of clients in the table.
  std::size_t client_count() const noexcept { return windows_.size(); }

 private:
  struct client_window {
    std::string client;
    time_point begin;
    std::size_t failures = 0;
  };

  void evict_oldest();

  std::size_t max_failures_;
  duration window_;
  std::size_t max_clients_;
  std::list<client_window> windows_;  // oldest first: all windows have the same length
  std::unordered_map<std::string_view, std::list<client_window>::iterator> windows_by_client_;
};

}  // namespace cohort::policy
