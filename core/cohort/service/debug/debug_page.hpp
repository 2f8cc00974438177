// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

#include <cohort/service/debug/debug_json.hpp>

namespace cohort::service {

/// The page `/debug`: the loops, the requests in flight, the finished requests and the upstreams as tables. It has
/// neither scripts nor styles, and reloads itself.
std::string debug_page(std::string_view service, const loop_snapshots& loops);

}  // namespace cohort::service
