// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <map>

#include "loadgen/measurement/censored_histogram.hpp"
#include "loadgen/measurement/idle_responses.hpp"
#include "loadgen/measurement/request_outcome.hpp"

namespace cohort::loadgen {

/// The statistics of the requests to one target in one phase, or their sum over targets or phases.
struct request_stats {
  /// Requests whose intended start has passed; the sum of `outcomes` once all of them have ended.
  std::uint64_t planned = 0;
  /// Requests written to the connection completely, retries included.
  std::uint64_t sent = 0;
  /// Attempts after the first attempt of each request.
  std::uint64_t retries = 0;
  /// Attempts that the caller abandoned because no response arrived within its patience.
  std::uint64_t abandoned = 0;
  outcome_counts outcomes{};
  /// Successes within `load_settings::goodput_limit` of the intended start. Zero without a limit.
  std::uint64_t on_time = 0;
  std::map<unsigned, std::uint64_t> statuses;
  std::uint64_t bytes_received = 0;
  std::uint64_t connections_opened = 0;

  censored_histogram response_time;    // from the intended start to the end of the response; of all statuses
  histogram service_time;              // from the end of sending the request to the end of the response
  histogram dispatch_lag;              // from the intended start to the dispatch: the generator's own delay
  histogram connection_wait;           // from the dispatch to the end of sending the request
  idle_responses idle_response_times;  // response times without retries, by the worker's idle time before the request

  void add(const request_stats& other);
  /// Attempts divided by planned requests; 1 without retries.
  double amplification() const noexcept;
  /// Failed requests divided by all requests that have ended; zero if no request has ended.
  double error_rate() const noexcept;
  std::uint64_t failure_count() const noexcept { return total_count(outcomes) - success_count(outcomes); }
};

/// Statistics of one interval for reports. A response belongs to the interval in which it ended.
struct interval_stats {
  std::uint64_t planned = 0;
  std::uint64_t sent = 0;
  std::uint64_t answered = 0;
  std::uint64_t failed = 0;  // ended without success
  std::uint64_t ended = 0;   // not `answered + failed`: a response with status 500 counts in both
  std::uint64_t on_time = 0;
  std::uint64_t retries = 0;  // counted in the interval in which the previous attempt ended
  std::uint64_t p50_us = 0;   // of the response time; zero without responses
  std::uint64_t p90_us = 0;
  std::uint64_t p99_us = 0;
  std::uint64_t max_us = 0;
};

interval_stats summarize(const request_stats& stats);

}  // namespace cohort::loadgen
