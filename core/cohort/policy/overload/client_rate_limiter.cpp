// SPDX-License-Identifier: BSL-1.0
#include <cohort/policy/overload/client_rate_limiter.hpp>

#include <algorithm>
#include <cmath>

namespace cohort::policy {

client_rate_limiter::client_rate_limiter(std::size_t burst, duration refill_time, std::size_t max_clients)
    : burst_(static_cast<double>(burst)),
      tokens_per_nanosecond_(burst_ / static_cast<double>(refill_time.count())),
      max_clients_(max_clients) {}

client_rate_limiter::bucket& client_rate_limiter::find_or_insert(std::string_view client, time_point now) {
  if (const auto known = buckets_by_client_.find(client); known != buckets_by_client_.end()) {
    buckets_.splice(buckets_.begin(), buckets_, known->second);
    return buckets_.front();
  }
  if (buckets_.size() >= max_clients_) {
    buckets_by_client_.erase(buckets_.back().client);
    buckets_.pop_back();
  }
  buckets_.push_front({std::string{client}, burst_, now});
  buckets_by_client_.emplace(buckets_.front().client, buckets_.begin());
  return buckets_.front();
}

std::optional<duration> client_rate_limiter::take(std::string_view client, time_point now) {
  auto& client_bucket = find_or_insert(client, now);
  const auto elapsed = std::max(now - client_bucket.update_time, duration::zero());
  client_bucket.tokens =
      std::min(burst_, client_bucket.tokens + static_cast<double>(elapsed.count()) * tokens_per_nanosecond_);
  client_bucket.update_time = std::max(now, client_bucket.update_time);
  // Tolerates rounding errors: a client that waits for exactly the returned time must be admitted.
  constexpr double rounding_error = 1e-9;
  if (client_bucket.tokens >= 1 - rounding_error) {
    client_bucket.tokens = std::max(client_bucket.tokens - 1, 0.0);
    return std::nullopt;
  }
  return duration{static_cast<std::int64_t>(std::ceil((1 - client_bucket.tokens) / tokens_per_nanosecond_))};
}

}  // namespace cohort::policy
