// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace cohort::simulation::alerts {

/// The Prometheus rule files with the alerts of a fleet.
class rule_files {
 public:
  /// Reads `recording.yml` and all other files of `directory`. Throws `std::runtime_error` if the directory contains no
  /// rules.
  explicit rule_files(const std::string& directory);

  struct alert {
    std::string name;
    /// The defining file, without directory and extension.
    std::string group;
  };
  /// All alerts, sorted by name.
  const std::vector<alert>& alerts() const noexcept { return alerts_; }
  /// Absolute paths of the files with these names, without directory and extension.
  std::vector<std::string> paths(const std::set<std::string>& names) const;
  /// The names of the rule groups of these files, in the order of the files.
  std::vector<std::string> groups(const std::set<std::string>& names) const;
  /// Whether a rule reads series of this name.
  bool reads(std::string_view series_name) const;

 private:
  struct file {
    std::string name;
    std::string path;
    std::vector<std::string> groups;
  };
  void read(file& source);

  std::vector<file> files_;
  std::vector<alert> alerts_;
  std::set<std::string, std::less<>> names_;
  std::vector<std::regex> patterns_;
  /// Cached results of `reads`.
  mutable std::unordered_map<std::string, bool> known_;
};

}  // namespace cohort::simulation::alerts
