// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cohort/runtime/time/clock.hpp>

namespace cohort::loadgen {

/// A sample of the Prometheus text format 0.0.4.
struct metric_sample {
  std::string name;
  std::map<std::string, std::string, std::less<>> labels;
  double value = 0;
};
/// Malformed lines are skipped.
std::vector<metric_sample> parse_metrics(std::string_view text);

/// A server's metrics at one time.
struct server_snapshot {
  time_point time{};
  bool has_request_counter = false;
  std::uint64_t request_count = 0;
  /// Cumulative counts by upper bound in seconds.
  std::map<double, double> buckets;
  std::optional<double> cpu_seconds;
  std::optional<double> resident_bytes;
};

/// Sums the samples whose name ends in `http_requests_total` and those of the histogram
/// `…http_request_duration_seconds`. If a route label (`endpoint`, `path`, `route` or `handler`) of a request counter
/// equals `path`, only the series of that route are used.
server_snapshot make_snapshot(const std::vector<metric_sample>& samples, std::string_view path);

/// A percentile of the request durations between two snapshots, in microseconds, interpolated linearly within its
/// bucket like Prometheus' `histogram_quantile`. Empty without requests, or beyond the last finite bucket.
std::optional<std::uint64_t> percentile_between(const server_snapshot& before, const server_snapshot& after,
                                                double percent);

}  // namespace cohort::loadgen
