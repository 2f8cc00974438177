// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace cohort::dashboard {

/// The latest requests of the event feeds, as JSON. Thread-safe.
class request_history {
 public:
  static constexpr std::size_t max_requests = 60;

  /// Returns the number of the request, one more than the number of the previous request.
  std::uint64_t add(std::string json);
  /// Returns the requests with greater numbers, oldest first.
  std::vector<std::pair<std::uint64_t, std::string>> after(std::uint64_t number) const;
  /// The body of `/api/requests`: the oldest request first.
  std::string body() const;

 private:
  mutable std::mutex mutex_;
  std::deque<std::pair<std::uint64_t, std::string>> requests_;
  std::uint64_t added_ = 0;
};

}  // namespace cohort::dashboard
