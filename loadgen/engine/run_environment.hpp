// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <vector>

#include <cohort/net/network.hpp>
#include <cohort/runtime/loop.hpp>

namespace cohort::loadgen {

/// The loops and the network of a run.
struct run_environment {
  /// The loop that merges and shows the results. On a real clock, must not be a worker's loop, because merging and
  /// display would delay the requests of the worker.
  loop& control_loop;
  std::vector<loop*> worker_loops;
  net::network& network;
  /// The CPU time of the calling thread.
  std::function<duration()> thread_cpu_time;
};

}  // namespace cohort::loadgen
