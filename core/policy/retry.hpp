#pragma once

#include <optional>
#include <string_view>

#include "core/policy/retry_budget.hpp"
#include "core/runtime/random.hpp"

namespace cohort::policy {

struct retry_settings {
  /// In all, the first included; 1 never tries again.
  unsigned most_attempts = 3;
  /// Pause before attempt n+1: uniformly in [0, min(longest, first * 2^(n-1))]: "full jitter" (Brooker, "Exponential
  /// backoff and jitter", 2015; Envoy's 25 ms and 250 ms).
  duration first_pause = std::chrono::milliseconds{25};
  duration longest_pause = std::chrono::milliseconds{250};
};

/// How an attempt went wrong.
enum class attempt_failure {
  not_sent,     // surely never reached the upstream's application: no connection, or none of the request went out
  lost,         // it may have been acted on: the connection broke or time ran out after it was sent
  turned_away,  // an answer that invites another try: 429, 502, 503, 504
};

struct failed_attempt {
  attempt_failure how;
  /// Whether sending the request twice does what once does (RFC 9110 section 9.2.2).
  bool idempotent = false;
  /// So many were made, this one included.
  unsigned attempts = 1;
  /// The upstream's `Retry-After` (RFC 9110 section 10.2.3).
  std::optional<duration> retry_after;
  /// Until nobody waits for the answer any more.
  duration time_left;
  /// What an attempt usually takes; zero if that is not known. One that has less left is not begun.
  duration time_needed;
};

enum class retry_verdict { again, not_safe, attempts_spent, no_time, no_budget };
inline constexpr std::size_t retry_verdicts = 5;
/// `again`, `not_safe`, `attempts`, `deadline`, `budget`: for metrics.
std::string_view name_of(retry_verdict verdict) noexcept;

struct retry_decision {
  retry_verdict verdict;
  /// To wait before the next attempt; zero unless `again`.
  duration pause{};
};

/// Whether to try again, and when. The checks come in the order of `retry_verdict`, so that the budget is drawn on only
/// for what is then done. A `Retry-After` is never undercut; jitter comes on top of it, and is cut short rather than
/// leave too little time. What was not sent is safe to send again whatever the method; what was turned away or lost,
/// only if idempotent.
retry_decision decide_retry(const retry_settings& how, const failed_attempt& what, retry_budget& budget, time_point now,
                            random_source& random);

/// `Retry-After` in seconds; the form with a date is not understood (it would need the peer's clock to be ours). At
/// most a day.
std::optional<duration> parse_retry_after(std::string_view value) noexcept;

}  // namespace cohort::policy
