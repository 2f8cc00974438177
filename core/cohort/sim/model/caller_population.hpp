// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/url/url.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <cohort/http/client/client.hpp>
#include <cohort/sim/fleet.hpp>

namespace cohort::sim {

/// Callers that lose their patience and try again, as people, browsers and mobile applications do.
struct caller_settings {
  boost::urls::url url;
  /// New calls begin at the times of a Poisson process, whatever happens to the earlier ones (open loop).
  double calls_per_second = 10;
  duration length = std::chrono::seconds{10};
  /// A caller abandons an attempt without a response after this time, by closing its connection.
  duration patience = std::chrono::seconds{1};
  /// The attempts of one call, the first included. A response with a status of 500 or more is retried as well.
  unsigned attempts = 1;
  /// The pause before attempt n + 1 is uniform from 0 to `backoff * 2^(n-1)`; zero: at once.
  duration backoff{};
  /// A success within this time after the call's begin counts as goodput; empty: any success.
  std::optional<duration> deadline;
  /// A response that contains this text is a partial result: a success, but not goodput. Empty: none is.
  std::string partial_result_text;
  /// Sends what is left until the deadline with each attempt (`x-envoy-expected-rq-timeout-ms`).
  bool sends_deadline = false;
};

/// The calls that began in one second.
struct caller_second {
  std::uint64_t calls = 0;
  std::uint64_t successes = 0;
  /// Successes within the deadline.
  std::uint64_t good = 0;
};

/// Counters of a run of callers. A call belongs to the second in which it began, an attempt to the one in which it was
/// sent.
struct caller_results {
  std::vector<caller_second> seconds;
  std::vector<std::uint64_t> attempts_by_second;
  /// The durations of successful calls over all attempts, with the times of their begin since the start of the run.
  struct success {
    duration begin;
    duration elapsed;
  };
  std::vector<success> successes;

  std::uint64_t calls() const noexcept;
  std::uint64_t good() const noexcept;
  std::uint64_t attempts() const noexcept;
  /// Attempts for each call; 1 without retries.
  double amplification() const noexcept;
  /// A quantile of the durations of the calls, where a failed call counts as longer than any success; empty if it falls
  /// among these.
  std::optional<duration> quantile(double probability) const;
};

/// A population of callers on a host of its own, where CPU time costs nothing.
class caller_population {
 public:
  /// `fleet` must outlive the population, and the population the fleet's shutdown.
  caller_population(fleet& callers_of, caller_settings settings, const std::string& host_name = "callers");

  /// Begins to call. The results are complete `settings.length` plus the time of the last call later.
  void start();
  const caller_results& results() const noexcept { return results_; }

 private:
  static task<> run(caller_population& self);
  static task<> call(caller_population& self, time_point begin);
  enum class outcome : std::uint8_t { failed, partial, complete };
  task<outcome> attempt(time_point begin);
  static std::size_t second_of(duration since_start) noexcept;
  void record_success(caller_second& second, duration begin, duration elapsed, outcome result);

  fleet& fleet_;
  caller_settings settings_;
  http::client& client_;
  random_generator random_;
  time_point start_{};
  caller_results results_;
};

}  // namespace cohort::sim
