// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <cohort/http/client/client.hpp>
#include <cohort/http/server/server.hpp>
#include <cohort/telemetry/requests/request_log.hpp>

namespace cohort::service {

/// A request or a run of a periodic job that is in progress.
struct activity_snapshot {
  activity_kind kind{};
  std::string name;
  telemetry::trace_id trace;
  time_point started{};
  /// The calls of the activity; empty if they are not recorded.
  std::optional<telemetry::request_record> record;
};

/// The state of one loop of a service at one point in time.
struct loop_snapshot {
  /// Time from the query to its execution on the loop.
  duration lag{};
  time_point snapshot_time{};
  std::size_t tasks = 0;
  std::size_t timers = 0;
  std::size_t connections = 0;
  std::vector<telemetry::request_record> in_flight;
  std::vector<std::pair<telemetry::request_log::reason, telemetry::request_record>> finished;
  /// The latest activities of all services of the loop, at most `max_activities`.
  std::vector<activity_snapshot> activities;
  /// The number of activities that `activities` omits.
  std::size_t activities_omitted = 0;
  std::vector<http::upstream_status> upstreams;
  std::vector<http::connection_pool::origin_status> origins;
};

constexpr std::size_t max_activities = 100;

/// Queries all loops of a service concurrently, by the index in `loops`. The element is empty if the loop has not
/// responded within `max_wait`, because it is blocked or overloaded. Called on one of the loops. The objects must
/// outlive the service's loops or its requests.
task<std::vector<std::optional<loop_snapshot>>> take_snapshots(const std::vector<loop*>& loops, http::server& server,
                                                               std::vector<http::client*> clients, duration max_wait);

}  // namespace cohort::service
