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

/// Rate limit per client by token buckets: the bucket has `burst` tokens and is refilled with `burst` tokens per
/// `refill_time`, at a constant rate. The table is bounded: beyond `max_clients`, the least recently seen client is
/// evicted, and has a full bucket at its next request. The class is a state machine without I/O and without a clock.
/// Not thread-safe.
class client_rate_limiter {
 public:
  /// `burst`, `refill_time` and `max_clients` must be positive.
  client_rate_limiter(std::size_t burst, duration refill_time, std::size_t max_clients = 10'000);

  /// Takes one token of `client`. Returns the time until the next token, or an empty optional if the request is within
  /// the limit.
  std::optional<duration> take(std::string_view client, time_point now);

  /// Number of clients in the table.
  std::size_t client_count() const noexcept { return buckets_.size(); }

 private:
  struct bucket {
    std::string client;
    double tokens;
    time_point update_time;
  };

  bucket& find_or_insert(std::string_view client, time_point now);

  double burst_;
  double tokens_per_nanosecond_;
  std::size_t max_clients_;
  std::list<bucket> buckets_;  // most recently seen first
  std::unordered_map<std::string_view, std::list<bucket>::iterator> buckets_by_client_;
};

}  // namespace cohort::policy
