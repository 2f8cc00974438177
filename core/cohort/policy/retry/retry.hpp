// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string_view>

#include <cohort/policy/retry/retry_budget.hpp>
#include <cohort/runtime/random.hpp>

namespace cohort::policy {

struct retry_settings {
  /// Maximum number of attempts per call, including the first attempt; 1 disables retries.
  unsigned max_attempts = 3;
  /// The delay before attempt n+1 is uniform in [0, min(max_backoff, base_backoff * 2^(n-1))], "full jitter" (Brooker,
  /// "Exponential backoff and jitter", 2015). The defaults are Envoy's 25 ms and 250 ms.
  duration base_backoff = std::chrono::milliseconds{25};
  duration max_backoff = std::chrono::milliseconds{250};
};

/// The reason for the failure of an attempt.
enum class attempt_failure {
  not_sent,          // no byte of the request reached the upstream's application
  connection_lost,   // the connection failed or timed out after the request was sent, so it may have been processed
  retryable_status,  // a response with a status that permits a retry
};

struct failed_attempt {
  attempt_failure failure;
  /// True if sending the request twice has the same effect as sending it once (RFC 9110 section 9.2.2).
  bool is_idempotent = false;
  /// Number of attempts so far, including this attempt.
  unsigned attempts = 1;
  /// The `Retry-After` of the response (RFC 9110 section 10.2.3).
  std::optional<duration> retry_after;
  /// Time left until the call's deadline.
  duration remaining_time;
  /// Median latency of an attempt; zero if unknown. If the remaining time is shorter, no attempt starts.
  duration expected_duration;
};

enum class retry_verdict { retry, not_idempotent, attempts_exhausted, deadline_too_close, budget_exhausted };
inline constexpr std::size_t retry_verdict_count = 5;
/// Returns `again`, `not_safe`, `attempts`, `deadline` or `budget`, as in metric labels.
std::string_view to_string(retry_verdict verdict) noexcept;

struct retry_decision {
  retry_verdict verdict;
  /// Time to wait before the next attempt; zero unless the verdict is `retry`.
  duration delay{};
};

/// Decides whether to retry a failed attempt, and when. The checks are made in the order of `retry_verdict`, so the
/// budget is charged only for an actual retry. The delay is the time of `Retry-After`, or zero, plus a random backoff.
/// The backoff is limited so that at least the expected duration is left. A request that was not sent is retried
/// regardless of its method. A request that was sent is retried only if it is idempotent.
retry_decision decide_retry(const retry_settings& settings, const failed_attempt& attempt, retry_budget& budget,
                            time_point now, random_generator& random);

/// Parses a `Retry-After` in seconds; values above one day are reduced to one day. Returns an empty optional if the
/// value is invalid, or a date, which would require synchronized clocks.
std::optional<duration> parse_retry_after(std::string_view value) noexcept;

}  // namespace cohort::policy
