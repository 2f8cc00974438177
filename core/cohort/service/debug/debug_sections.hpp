// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include <cohort/service/debug/debug_markup.hpp>
#include <cohort/service/debug/debug_page.hpp>

// The contents of the sections of the debug page, as HTML.
namespace cohort::service {

/// Maximum number of requests in a table. The JSON contains all requests.
constexpr std::size_t max_debug_rows = 20;

/// A count with its noun: `1 task`, `2 tasks`.
inline std::string pluralize(std::size_t count, std::string_view noun) {
  return std::to_string(count).append(" ").append(noun).append(count == 1 ? "" : "s");
}

/// Whether the last request or connection to the address has failed.
inline bool is_failing(const policy::load_balancer::address_status& address) noexcept {
  return address.consecutive_failures + address.consecutive_connect_failures > 0;
}

/// The requests in flight, the oldest first, with their pending calls and the remaining time.
std::string requests_section(const debug_page_values& values);
/// A tree for each loop: its requests and runs of jobs in progress, the calls that they await, and the attempts.
std::string tasks_section(const debug_page_values& values);
/// The finished requests that failed, then the slow requests, the latest first.
std::string finished_requests_section(const debug_page_values& values);
/// The upstreams and their addresses, each over all loops.
std::string upstreams_section(const debug_page_values& values);
std::string loops_section(const debug_page_values& values);
std::string settings_section(const debug_page_values& values);

}  // namespace cohort::service
