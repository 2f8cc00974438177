// SPDX-License-Identifier: BSL-1.0
#include "loadgen/measurement/request_stats.hpp"

namespace cohort::loadgen {

void request_stats::add(const request_stats& other) {
  planned += other.planned;
  sent += other.sent;
  retries += other.retries;
  abandoned += other.abandoned;
  for (std::size_t i = 0; i < outcome_count; ++i) outcomes[i] += other.outcomes[i];
  on_time += other.on_time;
  for (const auto& [code, count] : other.statuses) statuses[code] += count;
  bytes_received += other.bytes_received;
  connections_opened += other.connections_opened;
  response_time.add(other.response_time);
  service_time.add(other.service_time);
  dispatch_lag.add(other.dispatch_lag);
  connection_wait.add(other.connection_wait);
  idle_response_times.add(other.idle_response_times);
}

double request_stats::amplification() const noexcept {
  return planned == 0 ? 1 : 1 + static_cast<double>(retries) / static_cast<double>(planned);
}

double request_stats::error_rate() const noexcept {
  const auto ended = total_count(outcomes);
  return ended == 0 ? 0 : static_cast<double>(failure_count()) / static_cast<double>(ended);
}

interval_stats summarize(const request_stats& stats) {
  interval_stats summary;
  summary.planned = stats.planned;
  summary.sent = stats.sent;
  summary.answered = response_count(stats.outcomes);
  summary.ended = total_count(stats.outcomes);
  summary.failed = stats.failure_count();
  summary.on_time = stats.on_time;
  summary.retries = stats.retries;
  const auto& response_time = stats.response_time.observed();
  summary.p50_us = response_time.percentile(50);
  summary.p90_us = response_time.percentile(90);
  summary.p99_us = response_time.percentile(99);
  summary.max_us = response_time.max();
  return summary;
}

}  // namespace cohort::loadgen
