#pragma once

#include <optional>
#include <vector>

#include "loadgen/objective.hpp"
#include "loadgen/plan.hpp"
#include "loadgen/target.hpp"

namespace cohort::loadgen {

/// What a run is made of, whoever asked for it and whatever is done with what it finds.
struct load_settings {
  std::vector<target> targets;
  plan schedule;
  std::uint64_t seed = 1;
  /// At most, to each target.
  std::size_t connections = 256;
  /// From the intended start to the whole answer, so the wait for a connection is part of it.
  duration timeout = std::chrono::seconds{10};
  /// For an answer to count as on time; also told to the server.
  std::optional<duration> time_limit;
  /// The run ends once one of these cannot be met any more.
  std::vector<objective> abort_on;
  arrival_kind spread = arrival_kind::constant;
  /// Each connection sends its next request when it has the answer to the last: as fast as it goes. Of the plan only
  /// the phases and their lengths count then.
  bool closed_loop = false;
  bool keep_alive = true;
};

}  // namespace cohort::loadgen
