// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include <cohort/http/client/client.hpp>
#include <cohort/http/server/server.hpp>
#include <cohort/telemetry/requests/request_log.hpp>

namespace cohort::service {

/// The state of one loop of a service at one time.
struct loop_snapshot {
  /// Time from the query to its execution on the loop.
  duration lag{};
  time_point taken{};
  std::size_t tasks = 0;
  std::size_t timers = 0;
  std::size_t connections = 0;
  std::vector<telemetry::request_record> in_flight;
  std::vector<std::pair<telemetry::request_log::reason, telemetry::request_record>> finished;
  std::vector<http::upstream_status> upstreams;
  std::vector<http::connection_pool::origin_status> origins;
};

/// Queries all loops of a service at once, by the index in `loops`. Empty for a loop that has not responded within
/// `max_wait`: it is blocked or overloaded. Called on one of the loops. The objects must outlive the service's loops or
/// its requests.
task<std::vector<std::optional<loop_snapshot>>> take_snapshots(const std::vector<loop*>& loops, http::server& server,
                                                               std::vector<http::client*> clients, duration max_wait);

}  // namespace cohort::service
