// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <cohort/http/client/client_request.hpp>

namespace cohort::loadgen {

/// A URL under load, and the request that is sent to it.
struct target {
  std::string name;
  http::client_request request;
  /// The target's share of all requests, relative to the other targets' weights. It is positive.
  unsigned weight = 1;
  /// A string that the body of a successful response must contain; the body is not checked if this string is empty.
  std::string expected_body;
};

/// Assigns requests to targets by their index, with nginx's smooth weighted round robin.
class weighted_round_robin {
 public:
  /// The largest period that option parsing accepts.
  static constexpr std::uint64_t max_period = 10'000;

  explicit weighted_round_robin(const std::vector<target>& targets);

  std::size_t target_of(std::uint64_t request_index) const noexcept { return order_[request_index % order_.size()]; }
  std::size_t period() const noexcept { return order_.size(); }

  /// The number of `connections` to `target` that belong to worker `worker`, which sends every `worker_count`-th
  /// request. The number is proportional to the worker's requests to the target, and at least one if there are any.
  std::size_t worker_connections(std::size_t target, std::size_t connections, std::size_t worker,
                                 std::size_t worker_count) const;

 private:
  std::vector<std::size_t> order_;
};

/// The sum of the weights divided by their greatest common divisor.
std::uint64_t round_robin_period(const std::vector<target>& targets);

}  // namespace cohort::loadgen
