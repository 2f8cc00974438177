#include "core/policy/concurrency_limiter.hpp"

#include <algorithm>
#include <cmath>

namespace cohort::policy {
namespace {

constexpr double steepest = 0.5;
/// Room that one slow sample alone does not take away.
constexpr double spared = 50;

}  // namespace

std::size_t concurrency_limiter::limit() const noexcept {
  return static_cast<std::size_t>(probing_ ? std::max(limit_ / 2, how_.least) : limit_);
}

bool concurrency_limiter::try_enter() noexcept {
  if (in_flight_ >= limit()) return false;
  ++in_flight_;
  most_in_flight_ = std::max(most_in_flight_, in_flight_);
  return true;
}

void concurrency_limiter::leave() noexcept {
  --in_flight_;
  if (to_drain_ > 0) --to_drain_;
}

void concurrency_limiter::leave(duration took, time_point now) noexcept {
  const bool draining = to_drain_ > 0;
  leave();
  if (draining) return;
  if (sample_.total() == 0) sample_began_ = now;
  sample_.add(took);
  if (sample_.total() >= how_.sample && now - sample_began_ >= how_.sample_time) end_sample(now);
}

void concurrency_limiter::end_sample(time_point now) noexcept {
  const auto p50 = sample_.quantile(0.5);
  learn(p50);
  const auto fine = std::max(base_, how_.always_fine);
  const auto gradient =
      std::clamp(how_.tolerance * (fine / std::chrono::duration<double, duration::period>{p50}), steepest, 1.0);
  adjust(gradient);

  const auto took = now - sample_began_;
  cut_for_ = gradient < 1 ? cut_for_ + took : std::max(cut_for_ - took, duration::zero());
  probing_ = cut_for_ >= how_.patience;
  if (probing_) {
    to_drain_ = in_flight_;
    cut_for_ = {};
  }
  sample_ = {};
  most_in_flight_ = in_flight_;
}

void concurrency_limiter::learn(duration p50) noexcept {
  if (probing_ || base_ == duration::zero()) {
    base_ = p50;
  } else if (p50 < base_) {
    base_ -= std::chrono::duration_cast<duration>(how_.smoothing * (base_ - p50));
  }
}

void concurrency_limiter::adjust(double gradient) noexcept {
  // One more, since the limit has a fraction.
  if (gradient <= steepest) limit_ = std::min(limit_, std::max(static_cast<double>(most_in_flight_ + 1), spared));
  const auto wanted = limit_ * gradient + std::sqrt(limit_);
  if (wanted > limit_ && static_cast<double>(most_in_flight_) <= limit_ / 2) return;
  limit_ = std::clamp(limit_ + how_.smoothing * (wanted - limit_), how_.least, how_.most);
}

}  // namespace cohort::policy
