// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <cohort/service/debug/debug_json.hpp>

namespace cohort::service {

/// The contents of the debug page.
struct debug_page_values {
  std::string_view service;
  /// The URL by which the client has requested the page, without its path; used in the command that changes the log
  /// level.
  std::string origin;
  bool requires_key = false;
  wall_time snapshot_time{};
  const loop_snapshots& loops;
  /// The names of the periodic jobs.
  std::vector<std::string> jobs;
  std::size_t blocking_jobs_queued = 0;
  std::size_t blocking_jobs_running = 0;
  std::size_t blocking_threads = 0;
  std::span<const config::setting_report> settings;
  telemetry::log_level level{};
};

/// The page `/debug`: the requests in flight with their pending calls, the tasks as a tree, the upstreams, the finished
/// requests, the loops and the settings. The summary and the title show the worst state. The page contains its style
/// sheet and its script; `debug_page_policy` permits no others. Without scripts, the browser reloads the page every 5
/// s.
std::string debug_page(const debug_page_values& values);

/// The `Content-Security-Policy` of the page: the style sheet and the script by their hashes, and requests to the
/// service.
const std::string& debug_page_policy();

}  // namespace cohort::service
