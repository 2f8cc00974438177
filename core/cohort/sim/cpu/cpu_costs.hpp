// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <cohort/sim/cpu/distribution.hpp>

namespace cohort::sim {

/// The CPU time that a process spends on HTTP, besides the time that its handlers spend with `spend_cpu`. All are zero
/// by default.
struct cpu_costs {
  struct route_cost {
    /// A path, or its beginning followed by `*`.
    std::string path;
    distribution cost;
  };

  /// For each accepted connection.
  distribution connection;
  /// For each request that is read, also if it is rejected: before its handler begins.
  distribution read;
  /// For each response, before its first byte; the first matching path. The cost does not apply to the statuses 429 and
  /// 503, with which a server rejects a request, nor to a request whose client has left.
  std::vector<route_cost> routes;
  /// For each response of a path that is not in `routes`, before its first byte.
  distribution other_routes;
  /// For each request sent to another host, retries and hedges included.
  distribution call;

  const distribution& route(std::string_view path) const noexcept;
};

}  // namespace cohort::sim
