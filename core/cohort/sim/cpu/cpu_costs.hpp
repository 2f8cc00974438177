// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <cohort/sim/cpu/distribution.hpp>

namespace cohort::sim {

/// The CPU time that a process spends on HTTP, in addition to the time that its handlers spend with `spend_cpu`. All
/// costs are zero by default.
struct cpu_costs {
  struct route_cost {
    /// A path, or a prefix followed by `*`.
    std::string path;
    distribution cost;
  };

  /// CPU time for each wake-up of an idle thread, before its first handler: the system's scheduler and the call that
  /// returns the events. A busy thread polls its next events without a wake-up, so the cost of a request decreases with
  /// the load.
  distribution wake_up;
  /// CPU time for each accepted connection.
  distribution connection;
  /// CPU time for each request that is read, including rejected requests, before its handler starts.
  distribution read;
  /// CPU time for each response, before its first byte; the first matching path applies. The cost applies neither to
  /// the statuses 429 and 503, with which a server rejects a request, nor to a request whose client has disconnected.
  std::vector<route_cost> routes;
  /// CPU time for each response of a path that is not in `routes`, before its first byte.
  distribution other_routes;
  /// CPU time for each request that is sent to another host, including retries and hedges.
  distribution call;

  const distribution& route(std::string_view path) const noexcept;
};

}  // namespace cohort::sim
