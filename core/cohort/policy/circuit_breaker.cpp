// SPDX-License-Identifier: BSL-1.0
#include <cohort/policy/circuit_breaker.hpp>

#include <algorithm>
#include <array>

#include <cohort/policy/retry/exponential_backoff.hpp>

namespace cohort::policy {

circuit_breaker::circuit_breaker(settings config) : settings_(config) {
  settings_.max_calls = std::max(config.max_calls, config.min_calls);
  calls_.reserve(settings_.max_calls);
}

circuit_breaker::permission circuit_breaker::try_acquire(time_point now) noexcept {
  if (state_ == state::closed) return permission::normal;
  if (state_ == state::open && now < open_end_time_) return permission::denied;
  state_ = state::half_open;
  if (is_probe_in_flight_) return permission::denied;
  is_probe_in_flight_ = true;
  return permission::probe;
}

void circuit_breaker::record(permission permission, outcome result, time_point now, random_generator& random) noexcept {
  if (permission == permission::probe) return record_probe(result, now, random);
  if (settings_.min_calls == 0 || state_ != state::closed || result == outcome::ignored) return;
  const bool has_failed = result == outcome::failure;
  append({now, has_failed});
  if (has_failed && exceeds_failure_ratio(now)) open(now, random);
}

void circuit_breaker::record_probe(outcome result, time_point now, random_generator& random) noexcept {
  is_probe_in_flight_ = false;
  if (result == outcome::failure) return open(now, random);
  if (result == outcome::ignored) return;
  state_ = state::closed;
  consecutive_open_count_ = 0;
  calls_.clear();
  oldest_index_ = 0;
}

void circuit_breaker::open(time_point now, random_generator& random) noexcept {
  const auto open_time =
      exponential_backoff(++consecutive_open_count_, settings_.base_open_time, settings_.max_open_time);
  open_end_time_ = now + open_time + random.uniform_between(duration::zero(), open_time / 10);
  state_ = state::open;
}

void circuit_breaker::append(recorded_call call) noexcept {
  if (calls_.size() < settings_.max_calls) {
    calls_.push_back(call);
    return;
  }
  calls_[oldest_index_] = call;
  oldest_index_ = (oldest_index_ + 1) % calls_.size();
}

bool circuit_breaker::exceeds_failure_ratio(time_point now) const noexcept {
  std::size_t recent_call_count = 0;
  std::size_t failed_call_count = 0;
  for (const auto& call : calls_) {
    if (now - call.end_time >= settings_.window) continue;
    ++recent_call_count;
    failed_call_count += call.has_failed ? 1 : 0;
  }
  // In double precision, 0.56 * 25 is slightly more than 14.
  constexpr double rounding_error = 1e-9;
  return recent_call_count >= settings_.min_calls &&
         static_cast<double>(failed_call_count) >=
             settings_.failure_ratio * static_cast<double>(recent_call_count) - rounding_error;
}

duration circuit_breaker::retry_after(time_point now) const noexcept {
  return state_ == state::open ? std::max(open_end_time_ - now, duration::zero()) : duration::zero();
}

std::string_view to_string(circuit_breaker::state state) noexcept {
  static constexpr std::array<std::string_view, 3> names{"closed", "open", "half_open"};
  return names[static_cast<std::size_t>(state)];
}

}  // namespace cohort::policy
