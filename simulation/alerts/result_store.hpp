// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "simulation/alerts/incident.hpp"
#include "simulation/alerts/rule_test.hpp"

namespace cohort::simulation::alerts {

/// A hash of the inputs that determine the firings of a run, except its seed: this program, the rule files, the version
/// of promtool, and the selection of series. Throws `std::runtime_error` if one of them cannot be read.
std::string evaluation_key(const rule_files& rules, bool has_all_series);

/// Stores the firings of runs in files, so that an interrupted evaluation can be continued.
class result_store {
 public:
  /// Stores the results in the sub-directory `key` of `directory`, and creates it if necessary. Results with another
  /// key are not used. Throws `std::filesystem::filesystem_error` if the directory cannot be created.
  result_store(const std::string& directory, const std::string& key);

  /// The firings of a run; empty if there is no complete result.
  std::optional<std::vector<firing>> load(const incident& run) const;
  /// Stores the firings of a run atomically: other processes read either all of them or none. Throws
  /// `std::runtime_error` if the file cannot be written.
  void save(const incident& run, const std::vector<firing>& firings) const;

 private:
  std::string file_path(const incident& run) const;

  std::string directory_;
};

}  // namespace cohort::simulation::alerts
