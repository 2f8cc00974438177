// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

#include <cohort/runtime/time/clock.hpp>
#include "simulation/alerts/temporary_directory.hpp"

namespace cohort::simulation::alerts {

/// The routes file of the simulated gateway and the key of its tokens, in a temporary directory.
class gateway_files {
 public:
  /// Throws `std::runtime_error` if the files cannot be written.
  gateway_files();

  std::string routes_file() const { return directory_.path() + "/routes.json"; }
  /// Returns a token with this key ID that is valid for 5 minutes. The gateway accepts only `known_key`.
  static std::string token(wall_time now, std::string_view key_id);

  static constexpr std::string_view known_key = "2026-05";

 private:
  temporary_directory directory_;
};

}  // namespace cohort::simulation::alerts
