// SPDX-License-Identifier: BSL-1.0
#include <cohort/policy/retry/retry.hpp>

#include <algorithm>
#include <array>

#include <cohort/policy/retry/exponential_backoff.hpp>

namespace cohort::policy {

std::string_view to_string(retry_verdict verdict) noexcept {
  static constexpr std::array<std::string_view, retry_verdict_count> names{"again", "not_safe", "attempts", "deadline",
                                                                           "budget"};
  return names[static_cast<std::size_t>(verdict)];
}

retry_decision decide_retry(const retry_settings& settings, const failed_attempt& attempt, retry_budget& budget,
                            time_point now, random_generator& random) {
  if (attempt.failure != attempt_failure::not_sent && !attempt.is_idempotent) return {retry_verdict::not_idempotent};
  if (attempt.attempts >= settings.max_attempts) return {retry_verdict::attempts_exhausted};
  const auto min_delay = attempt.retry_after.value_or(duration::zero());
  const auto slack = attempt.remaining_time - min_delay - std::max(attempt.expected_duration, duration{1});
  if (slack < duration::zero()) return {retry_verdict::deadline_too_close};
  if (!budget.withdraw(now)) return {retry_verdict::budget_exhausted};
  const auto backoff = exponential_backoff(attempt.attempts, settings.base_backoff, settings.max_backoff);
  return {retry_verdict::retry, min_delay + random.uniform_between(duration::zero(), std::min(backoff, slack))};
}

std::optional<duration> parse_retry_after(std::string_view value) noexcept {
  constexpr std::int64_t day = 86'400;
  if (value.empty()) return std::nullopt;
  std::int64_t seconds = 0;
  for (const char c : value) {
    if (c < '0' || c > '9') return std::nullopt;
    seconds = std::min(seconds * 10 + (c - '0'), day);
  }
  return std::chrono::seconds{seconds};
}

}  // namespace cohort::policy
