// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/url/url.hpp>
#include <string>
#include <vector>

#include <cohort/http/client/client.hpp>
#include "loadgen/results/report.hpp"
#include "loadgen/schedule/target.hpp"
#include "loadgen/scrape/server_snapshot.hpp"

namespace cohort::loadgen {

/// Scrapes the `/metrics` of the servers under load before the run and after each phase. Must be used on one loop.
class server_monitor {
 public:
  /// `client` must outlive the monitor.
  server_monitor(http::client& client, const std::vector<boost::urls::url>& urls, const std::vector<target>& targets);

  /// Takes a snapshot of each server: once before the run, then at the end of each phase, the last snapshot after all
  /// requests have ended. A cancelled scrape has no effect.
  task<> scrape();
  /// Adds the servers to the report, which must contain the statistics of the targets.
  void add_to(run_report& report) const;

 private:
  struct monitored_server {
    boost::urls::url url;
    /// The indexes of the targets with the same origin, or of all targets if no target has this origin.
    std::vector<std::size_t> targets;
    /// The path of the target if there is only one target.
    std::string path;
    std::vector<server_snapshot> snapshots;
    std::string failure;
  };
  static task<> scrape_server(http::client& client, monitored_server& server);
  static server_report describe(const monitored_server& server, const run_report& report);

  http::client& client_;
  std::vector<monitored_server> servers_;
};

}  // namespace cohort::loadgen
