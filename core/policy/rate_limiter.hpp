#pragma once

#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/runtime/clock.hpp"

namespace cohort::policy {

/// Token buckets, one a client: `burst` requests at once, then `burst` more over each `refill_time`, evenly. The table
/// is bounded; the client not heard of for longest is forgotten first (and so starts full: the bound errs on letting
/// in). A state machine: it is told the time.
class rate_limiter {
 public:
  rate_limiter(std::size_t burst, duration refill_time, std::size_t most_clients = 10'000);

  /// Takes a token of `client`'s; nothing if it may go on, else how long until there is one.
  std::optional<duration> take(std::string_view client, time_point now);

  std::size_t clients() const noexcept { return recent_.size(); }

 private:
  struct bucket {
    std::string client;
    double tokens;
    time_point updated;
  };

  bucket& bucket_of(std::string_view client, time_point now);

  double burst_;
  double tokens_per_nanosecond_;
  std::size_t most_clients_;
  std::list<bucket> recent_;  // last heard of first
  std::unordered_map<std::string_view, std::list<bucket>::iterator> by_client_;
};

}  // namespace cohort::policy
