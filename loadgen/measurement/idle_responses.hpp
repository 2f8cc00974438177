// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include <cohort/runtime/time/clock.hpp>

namespace cohort::loadgen {

/// A summary of the requests that started after similar idle times.
struct idle_response_summary {
  /// Mean idle time before these requests.
  std::uint64_t idle_us = 0;
  std::uint64_t count = 0;
  /// Median response time.
  std::uint64_t p50_us = 0;
};

/// The response times of requests that started while no other request was in flight, with the idle time before each
/// request. Cores are slower immediately after an idle time. Keeps the first 100,000 requests.
class idle_responses {
 public:
  void record(duration idle, duration response_time);
  void add(const idle_responses& other);
  /// Groups the requests by their idle time. The upper bounds of the groups are 125 µs times powers of the square root
  /// of 2, so that they include 1, 2, 4 and 8 ms. Groups without requests are omitted.
  std::vector<idle_response_summary> summarize() const;

 private:
  static constexpr std::size_t max_count = 100'000;
  /// Idle time and response time.
  std::vector<std::pair<duration, duration>> requests_;
};

}  // namespace cohort::loadgen
