#pragma once

#include <boost/url/url.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/http/client.hpp"
#include "loadgen/report.hpp"
#include "loadgen/target.hpp"

namespace cohort::loadgen {

/// A line of Prometheus' text format 0.0.4.
struct metric_sample {
  std::string name;
  std::map<std::string, std::string, std::less<>> labels;
  double value = 0;
};
/// Lines that are none are left out: what is read here is another's, and half of it is better than nothing.
std::vector<metric_sample> parse_metrics(std::string_view text);

/// What of a server's metrics is compared between two moments.
struct server_snapshot {
  time_point taken{};
  /// Whether there is a counter of requests at all.
  bool counts_requests = false;
  std::uint64_t served = 0;
  /// Cumulative, by upper bound in seconds.
  std::map<double, double> buckets;
  std::optional<double> cpu_seconds;
  std::optional<double> resident_bytes;
};

/// Counts the samples whose name ends in `http_requests_total`, of those the ones for `path` if there is a label for
/// routes (`endpoint`, `path`, `route` or `handler`) that has it, and likewise `http_request_duration_seconds`.
server_snapshot snapshot_of(const std::vector<metric_sample>& samples, std::string_view path);

/// A percentile of what came between two snapshots, in microseconds, within its bucket in proportion (as Prometheus'
/// `histogram_quantile`); nothing if nothing came, or if it is beyond the last finite bucket.
std::optional<std::uint64_t> percentile_between(const server_snapshot& before, const server_snapshot& after,
                                                double percent);

/// Watches the servers of a run by their `/metrics`.
class server_watch {
 public:
  /// `through` must outlive it.
  server_watch(http::client& through, const std::vector<boost::urls::url>& urls, const std::vector<target>& targets);

  /// Once before the run, once at the end of each phase; the last when all requests have become something. One that is
  /// cancelled has not been.
  task<> scrape();
  /// What was sent to each server is taken from the report, and the findings are put there.
  void describe(report& into) const;

 private:
  struct watched {
    boost::urls::url url;
    /// Those with its origin, or all if none has it.
    std::vector<std::size_t> targets;
    std::string path;  // of its target, if it has only one
    std::vector<server_snapshot> snapshots;
    std::string failure;
  };
  static task<> scrape_one(http::client& through, watched& which);
  server_side described(const watched& which, const report& of) const;

  http::client& client_;
  std::vector<watched> all_;
};

}  // namespace cohort::loadgen
