// SPDX-License-Identifier: BSL-1.0
#include "services/weather/providers/provider_health.hpp"

#include <algorithm>

#include <cohort/policy/retry/exponential_backoff.hpp>

namespace cohort::weather {
namespace {

constexpr duration base_cooldown = std::chrono::seconds{5};
constexpr duration max_cooldown = std::chrono::seconds{60};

}  // namespace

void provider_health::record_response() noexcept {
  failed_locations_.clear();
  cooldown_count_ = 0;
  cooldown_end_ = {};
}

void provider_health::record_failure(const provider_failure& failure, const std::string& location_key, time_point now) {
  switch (failure.kind) {
    case failure_kind::location_unknown: return record_response();
    case failure_kind::response_invalid: return;
    case failure_kind::provider_unreachable: return start_cooldown(failure.error, now);
    case failure_kind::request_failed: break;
  }
  if (failed_locations_.size() < min_failed_locations) failed_locations_.insert(location_key);
  if (failed_locations_.size() == min_failed_locations) start_cooldown(failure.error, now);
}

void provider_health::start_cooldown(const std::string& error, time_point now) {
  cooldown_error_ = error;
  // Failures of concurrent requests count as one failure.
  if (cooldown(now) > duration::zero()) return;
  cooldown_end_ = now + policy::exponential_backoff(++cooldown_count_, base_cooldown, max_cooldown);
}

duration provider_health::cooldown(time_point now) const noexcept {
  return std::max(cooldown_end_ - now, duration::zero());
}

}  // namespace cohort::weather
