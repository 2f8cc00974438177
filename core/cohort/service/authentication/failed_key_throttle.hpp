// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

#include <cohort/config/value_parsers.hpp>
#include <cohort/policy/overload/failure_limiter.hpp>

namespace cohort::service {

/// Limits requests with invalid API keys per client address, for IPv6 per /64 prefix (`net::client_network`). Shared by
/// the services and loops of a process. Thread-safe.
class failed_key_throttle {
 public:
  /// `limit.count` must be positive.
  explicit failed_key_throttle(config::rate limit) : limiter_(limit.count, limit.period) {}

  /// Records a request with an invalid key. Empty if the request is within the limit; otherwise the time until the
  /// client's window ends.
  std::optional<duration> record(std::string_view address, time_point now);

 private:
  std::mutex mutex_;
  policy::failure_limiter limiter_;
};

/// Null if `limit.count` is 0.
std::shared_ptr<failed_key_throttle> make_key_throttle(config::rate limit);

}  // namespace cohort::service
