#include "core/policy/circuit_breaker.hpp"

#include <algorithm>
#include <array>

#include "core/policy/backoff.hpp"

namespace cohort::policy {

circuit_breaker::circuit_breaker(settings how) : how_(how) {
  how_.most_outcomes = std::max(how.most_outcomes, how.least_outcomes);
  ended_.reserve(how_.most_outcomes);
}

circuit_breaker::admission circuit_breaker::admit(time_point now) noexcept {
  if (state_ == state::closed) return admission::normal;
  if (state_ == state::open && now < reopens_at_) return admission::refused;
  state_ = state::half_open;
  if (probing_) return admission::refused;
  probing_ = true;
  return admission::probe;
}

void circuit_breaker::record(admission of, outcome what, time_point now, random_source& random) noexcept {
  if (of == admission::probe) return record_probe(what, now, random);
  if (how_.least_outcomes == 0 || state_ != state::closed || what == outcome::none) return;
  const bool failed = what == outcome::failure;
  remember({now, failed});
  if (failed && fails_too_often(now)) open(now, random);
}

void circuit_breaker::record_probe(outcome what, time_point now, random_source& random) noexcept {
  probing_ = false;
  if (what == outcome::failure) return open(now, random);
  if (what == outcome::none) return;
  state_ = state::closed;
  times_opened_ = 0;
  ended_.clear();
  oldest_ = 0;
}

void circuit_breaker::open(time_point now, random_source& random) noexcept {
  const auto pause = backoff(++times_opened_, how_.first_open, how_.longest_open);
  reopens_at_ = now + pause + random.between(duration::zero(), pause / 10);
  state_ = state::open;
}

void circuit_breaker::remember(ended_call call) noexcept {
  if (ended_.size() < how_.most_outcomes) {
    ended_.push_back(call);
    return;
  }
  ended_[oldest_] = call;
  oldest_ = (oldest_ + 1) % ended_.size();
}

bool circuit_breaker::fails_too_often(time_point now) const noexcept {
  std::size_t recent = 0;
  std::size_t failed = 0;
  for (const auto& call : ended_) {
    if (now - call.at >= how_.window) continue;
    ++recent;
    failed += call.failed ? 1 : 0;
  }
  // 0.56 * 25 is a little more than 14 in doubles.
  constexpr double rounding = 1e-9;
  return recent >= how_.least_outcomes &&
         static_cast<double>(failed) >= how_.failure_ratio * static_cast<double>(recent) - rounding;
}

duration circuit_breaker::retry_after(time_point now) const noexcept {
  return state_ == state::open ? std::max(reopens_at_ - now, duration::zero()) : duration::zero();
}

std::string_view name_of(circuit_breaker::state state) noexcept {
  static constexpr std::array<std::string_view, 3> names{"closed", "open", "half_open"};
  return names[static_cast<std::size_t>(state)];
}

}  // namespace cohort::policy
