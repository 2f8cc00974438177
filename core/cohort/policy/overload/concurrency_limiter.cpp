// SPDX-License-Identifier: BSL-1.0
#include <cohort/policy/overload/concurrency_limiter.hpp>

#include <algorithm>
#include <cmath>

namespace cohort::policy {
namespace {

constexpr double min_gradient = 0.5;
/// Lower bound of the flight size from which a reduction starts.
constexpr double min_flight_size = 50;

}  // namespace

std::size_t concurrency_limiter::limit() const noexcept {
  return static_cast<std::size_t>(is_probing_ ? std::max(limit_ / 2, settings_.min_limit) : limit_);
}

bool concurrency_limiter::try_acquire() noexcept {
  if (in_flight_ >= limit()) return false;
  ++in_flight_;
  max_in_flight_ = std::max(max_in_flight_, in_flight_);
  return true;
}

void concurrency_limiter::release() noexcept {
  --in_flight_;
  if (draining_count_ > 0) --draining_count_;
}

void concurrency_limiter::release(duration latency, time_point now) noexcept {
  const bool is_draining = draining_count_ > 0;
  release();
  if (is_draining) return;
  if (sample_.count() == 0) sample_start_ = now;
  sample_.record(latency);
  if (sample_.count() >= settings_.sample_size && now - sample_start_ >= settings_.min_sample_time) end_sample(now);
}

void concurrency_limiter::end_sample(time_point now) noexcept {
  const auto p50 = sample_.quantile(0.5);
  update_baseline(p50);
  const auto unloaded_latency = std::max(baseline_latency_, settings_.min_latency_threshold);
  const auto ratio = unloaded_latency / std::chrono::duration<double, duration::period>{p50};
  const auto gradient = std::clamp(settings_.tolerance * ratio, min_gradient, 1.0);
  update_limit(gradient);

  const auto elapsed = now - sample_start_;
  reduction_time_ = gradient < 1 ? reduction_time_ + elapsed : std::max(reduction_time_ - elapsed, duration::zero());
  is_probing_ = reduction_time_ >= settings_.probe_interval;
  if (is_probing_) {
    draining_count_ = in_flight_;
    reduction_time_ = {};
  }
  sample_ = {};
  max_in_flight_ = in_flight_;
}

void concurrency_limiter::update_baseline(duration p50) noexcept {
  if (is_probing_ || baseline_latency_ == duration::zero()) {
    baseline_latency_ = p50;
  } else if (p50 < baseline_latency_) {
    baseline_latency_ -= std::chrono::duration_cast<duration>(settings_.smoothing * (baseline_latency_ - p50));
  }
}

void concurrency_limiter::update_limit(double gradient) noexcept {
  // Adds one to round up, because the limit may have a fractional part.
  const auto flight_size = std::max(static_cast<double>(max_in_flight_ + 1), min_flight_size);
  if (gradient <= min_gradient) limit_ = std::min(limit_, flight_size);
  const auto target = limit_ * gradient + std::sqrt(limit_);
  if (target > limit_ && static_cast<double>(max_in_flight_) <= limit_ / 2) return;
  limit_ = std::clamp(limit_ + settings_.smoothing * (target - limit_), settings_.min_limit, settings_.max_limit);
}

}  // namespace cohort::policy
