#include "core/policy/rate_limiter.hpp"

#include <algorithm>
#include <cmath>

namespace cohort::policy {

rate_limiter::rate_limiter(std::size_t burst, duration refill_time, std::size_t most_clients)
    : burst_(static_cast<double>(burst)),
      tokens_per_nanosecond_(burst_ / static_cast<double>(refill_time.count())),
      most_clients_(most_clients) {}

rate_limiter::bucket& rate_limiter::bucket_of(std::string_view client, time_point now) {
  if (const auto known = by_client_.find(client); known != by_client_.end()) {
    recent_.splice(recent_.begin(), recent_, known->second);
    return recent_.front();
  }
  if (recent_.size() >= most_clients_) {
    by_client_.erase(recent_.back().client);
    recent_.pop_back();
  }
  recent_.push_front({std::string{client}, burst_, now});
  by_client_.emplace(recent_.front().client, recent_.begin());
  return recent_.front();
}

std::optional<duration> rate_limiter::take(std::string_view client, time_point now) {
  auto& bucket = bucket_of(client, now);
  const auto passed = std::max(now - bucket.updated, duration::zero());
  bucket.tokens = std::min(burst_, bucket.tokens + static_cast<double>(passed.count()) * tokens_per_nanosecond_);
  bucket.updated = std::max(now, bucket.updated);
  // What doubles round away must not turn back a client that waited exactly as long as it was told.
  constexpr double rounding = 1e-9;
  if (bucket.tokens >= 1 - rounding) {
    bucket.tokens = std::max(bucket.tokens - 1, 0.0);
    return std::nullopt;
  }
  return duration{static_cast<std::int64_t>(std::ceil((1 - bucket.tokens) / tokens_per_nanosecond_))};
}

}  // namespace cohort::policy
