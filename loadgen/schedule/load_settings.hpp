// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <cohort/net/tls_settings.hpp>
#include "loadgen/results/objective.hpp"
#include "loadgen/schedule/arrival_sequence.hpp"
#include "loadgen/schedule/target.hpp"

namespace cohort::loadgen {

/// The settings of a load run.
struct load_settings {
  std::vector<target> targets;
  load_profile profile;
  arrival_process arrivals = arrival_process::constant;
  /// The seed of Poisson arrivals.
  std::uint64_t seed = 1;
  /// Closed loop: every connection sends its next request when its last one has ended. Of the profile, only the phases
  /// and their lengths count.
  bool closed_loop = false;
  /// The maximum number of connections to each target.
  std::size_t connections = 256;
  /// From the intended start to the end of the response; includes the wait for a connection.
  duration timeout = std::chrono::seconds{10};
  /// A success within it counts as goodput. Sent to the server as a deadline header.
  std::optional<duration> deadline;
  /// The run ends as soon as one of these can no longer be met.
  std::vector<objective> abort_objectives;
  bool keep_alive = true;
  net::tls_client_settings tls;
};

}  // namespace cohort::loadgen
