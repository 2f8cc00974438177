// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/url/url.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <cohort/http/client/client.hpp>
#include <cohort/sim/cpu/core_pauses.hpp>
#include <cohort/sim/fleet.hpp>

namespace cohort::sim {

/// Callers that time out and retry, as users, browsers and mobile applications do.
struct caller_settings {
  boost::urls::url url;
  /// New calls start at the times of a Poisson process, independently of earlier calls (open loop).
  double calls_per_second = 10;
  duration length = std::chrono::seconds{10};
  /// A caller abandons an attempt without a response after this time, by closing its connection.
  duration patience = std::chrono::seconds{1};
  /// Maximum number of attempts of one call, including the first. An attempt without a response, or with the status 429
  /// or 5xx, is retried.
  unsigned attempts = 1;
  /// The pause before attempt n + 1 is uniform from 0 to `backoff * 2^(n-1)`; no pause if zero.
  duration backoff{};
  /// A success within this time after the start of the call counts as goodput. If empty, every success counts.
  std::optional<duration> deadline;
  /// A response that contains this string is a partial result: a success, but not goodput. If empty, no result is
  /// partial.
  std::string partial_result_text;
  /// A response without this string also counts as a partial result. No effect if empty.
  std::string complete_result_text;
  /// Pauses of the core of the callers' program, which delay the sending of requests and the reading of responses.
  core_pauses pauses;
  /// Whether each attempt sends the remaining time (`x-envoy-expected-rq-timeout-ms`).
  bool sends_deadline = false;
};

/// The counts of the calls that started in one second.
struct caller_second {
  std::uint64_t calls = 0;
  std::uint64_t successes = 0;
  /// Number of successful calls within the deadline.
  std::uint64_t good = 0;
};

/// Counters of one run of a caller population. A call is counted in the second in which it started, and an attempt in
/// the second in which it was sent.
struct caller_results {
  std::vector<caller_second> seconds;
  std::vector<std::uint64_t> attempts_by_second;
  /// A call that has ended.
  struct ended_call {
    /// The time since the start of the run.
    duration begin{};
    /// The duration of the call, over all attempts.
    duration elapsed{};
    unsigned attempts = 1;
    /// The status of the last attempt; 0 without a response.
    unsigned status = 0;
    bool is_partial = false;
    /// A complete success within the deadline.
    bool is_goodput = false;

    bool is_success() const noexcept { return status != 0 && status < 400; }
  };
  std::vector<ended_call> ended;

  std::uint64_t calls() const noexcept;
  std::uint64_t good() const noexcept;
  std::uint64_t attempts() const noexcept;
  /// Attempts for each call; 1 without retries.
  double amplification() const noexcept;
  /// A quantile of the durations of the calls. A failed call counts as longer than any success; empty if the quantile
  /// falls on a failed call.
  std::optional<duration> quantile(double probability) const;
};

/// A population of callers on a separate host, which use no CPU time.
class caller_population {
 public:
  /// `target` must outlive the population. The population must outlive the shutdown of the fleet.
  caller_population(fleet& target, caller_settings settings, const std::string& host_name = "callers");

  /// Starts the calls. The results are complete after `settings.length` plus the duration of the last call.
  void start();
  const caller_results& results() const noexcept { return results_; }

 private:
  static task<> run(caller_population& self);
  static task<> call(caller_population& self, time_point begin);
  struct attempt_result {
    /// 0 without a response.
    unsigned status = 0;
    bool is_partial = false;
  };
  task<attempt_result> attempt(time_point begin);
  /// Waits until the end of a pause of the core.
  task<> wait_for_core();
  static std::size_t second_of(duration since_start) noexcept;
  void record_end(caller_second& second, time_point begin, unsigned attempts, attempt_result result);

  fleet& fleet_;
  caller_settings settings_;
  http::client& client_;
  random_generator random_;
  std::optional<pause_sequence> pauses_;
  /// The time at which the last pause of the core ends.
  time_point paused_until_{};
  time_point start_{};
  caller_results results_;
};

}  // namespace cohort::sim
