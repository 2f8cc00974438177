// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

namespace cohort::policy {

/// Bulkhead: limits the number of concurrent calls to one upstream, so that a slow upstream cannot exhaust resources.
/// Not thread-safe. Source: Nygard, "Release It!" (2007).
class bulkhead {
 public:
  explicit bulkhead(std::size_t max_in_flight) : max_in_flight_(max_in_flight) {}

  /// Returns false if `max_in_flight` calls are in flight. Exactly one `release` must follow each success.
  bool try_acquire() noexcept {
    if (in_flight_ >= max_in_flight_) return false;
    ++in_flight_;
    return true;
  }
  void release() noexcept { --in_flight_; }
  std::size_t in_flight() const noexcept { return in_flight_; }

 private:
  std::size_t max_in_flight_;
  std::size_t in_flight_ = 0;
};

}  // namespace cohort::policy
