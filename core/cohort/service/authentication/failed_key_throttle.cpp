// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/authentication/failed_key_throttle.hpp>

#include <cohort/net/client_network.hpp>

namespace cohort::service {

std::optional<duration> failed_key_throttle::record(std::string_view address, time_point now) {
  const auto client = net::client_network(address);
  const std::lock_guard lock{mutex_};
  return limiter_.record(client, now);
}

std::shared_ptr<failed_key_throttle> make_key_throttle(config::rate limit) {
  return limit.count > 0 ? std::make_shared<failed_key_throttle>(limit) : nullptr;
}

}  // namespace cohort::service
