// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <span>
#include <string>

#include <cohort/config/options.hpp>
#include <cohort/service/debug/debug_snapshot.hpp>
#include <cohort/service/lifecycle/service_lifecycle.hpp>

// The bodies of the debug routes. Times are in milliseconds.
namespace cohort::service {

using loop_snapshots = std::vector<std::optional<loop_snapshot>>;

/// The name of a reason: `problem`, `slow` or `sample`.
std::string_view to_string(telemetry::request_log::reason keep_reason) noexcept;
/// The name of a source: `flag`, `environment` or `default`.
std::string_view to_string(config::setting_report::value_source source) noexcept;
/// The URL of an origin, such as `https://example.com:443` or `unix:/run/service.sock`.
std::string format_origin(const http::origin& target);

/// The requests in flight, with the calls and attempts that they await, and the finished requests that were kept.
std::string debug_requests_json(const loop_snapshots& loops);
/// The number of tasks and timers of each loop, the requests and runs of jobs in progress with their pending calls, the
/// periodic jobs and the blocking jobs.
std::string debug_tasks_json(const loop_snapshots& loops, service_lifecycle& lifecycle);
/// The policies of each upstream, and the addresses and idle connections of each origin, by loop.
std::string debug_upstreams_json(const loop_snapshots& loops);
std::string debug_loops_json(const loop_snapshots& loops);
/// The effective settings with their sources. Secrets have no value in `settings`.
std::string debug_config_json(std::span<const config::setting_report> settings, telemetry::log_level level);

}  // namespace cohort::service
