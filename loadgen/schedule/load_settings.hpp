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

/// Callers that abandon slow attempts and retry, as users, browsers and mobile applications do.
struct caller_settings {
  /// A caller abandons an attempt without a complete response after this time, by closing its connection. The time
  /// counts from the start of the attempt; the first attempt starts at the intended start of the request.
  std::optional<duration> patience;
  /// The maximum number of attempts after the first. An attempt is retried if it was abandoned, failed without a
  /// response, or has status 429 or 5xx.
  unsigned max_retries = 0;
  /// The pause before retry n is uniform from 0 to `backoff * 2^(n-1)` (full jitter); no pause if zero.
  duration backoff{};
};

/// The settings of a load run.
struct load_settings {
  std::vector<target> targets;
  load_profile profile;
  arrival_process arrivals = arrival_process::constant;
  /// The seed of Poisson arrivals.
  std::uint64_t seed = 1;
  /// Closed loop: every connection sends its next request when its previous request has ended. Only the phases of the
  /// profile and their lengths apply.
  bool closed_loop = false;
  /// The maximum number of connections to each target.
  std::size_t connections = 256;
  /// Timeout of a request from its intended start to the end of the response, including the wait for a connection and
  /// all retries.
  duration timeout = std::chrono::seconds{10};
  /// A success within the deadline counts as goodput. Sent to the server as a deadline header.
  std::optional<duration> deadline;
  caller_settings callers;
  /// The run ends as soon as one of these objectives can no longer be met.
  std::vector<objective> abort_objectives;
  bool keep_alive = true;
  net::tls_client_settings tls;

  /// The time from the intended start within which a success counts as goodput: the deadline, otherwise the patience of
  /// the callers. Empty if neither is set.
  std::optional<duration> goodput_limit() const noexcept { return deadline ? deadline : callers.patience; }
};

}  // namespace cohort::loadgen
