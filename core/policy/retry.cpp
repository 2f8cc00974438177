#include "core/policy/retry.hpp"

#include <algorithm>
#include <array>

#include "core/policy/backoff.hpp"

namespace cohort::policy {

std::string_view name_of(retry_verdict verdict) noexcept {
  static constexpr std::array<std::string_view, retry_verdicts> names{"again", "not_safe", "attempts", "deadline",
                                                                      "budget"};
  return names[static_cast<std::size_t>(verdict)];
}

retry_decision decide_retry(const retry_settings& how, const failed_attempt& what, retry_budget& budget, time_point now,
                            random_source& random) {
  if (what.how != attempt_failure::not_sent && !what.idempotent) return {retry_verdict::not_safe};
  if (what.attempts >= how.most_attempts) return {retry_verdict::attempts_spent};
  const auto least_pause = what.retry_after.value_or(duration::zero());
  const auto spare = what.time_left - least_pause - std::max(what.time_needed, duration{1});
  if (spare < duration::zero()) return {retry_verdict::no_time};
  if (!budget.withdraw(now)) return {retry_verdict::no_budget};
  const auto longest_jitter = std::min(backoff(what.attempts, how.first_pause, how.longest_pause), spare);
  return {retry_verdict::again, least_pause + random.between(duration::zero(), longest_jitter)};
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
