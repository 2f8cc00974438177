// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <deque>
#include <mutex>
#include <string>

namespace cohort::dashboard {

/// The latest requests of the event feeds, as JSON. Thread-safe.
class request_history {
 public:
  static constexpr std::size_t max_requests = 60;

  void add(std::string json);
  /// The body of `/api/requests`: the oldest request first.
  std::string body() const;

 private:
  mutable std::mutex mutex_;
  std::deque<std::string> requests_;
};

}  // namespace cohort::dashboard
