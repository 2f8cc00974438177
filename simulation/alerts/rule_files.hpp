// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <initializer_list>
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

  /// The names of all alerts, sorted.
  const std::vector<std::string>& alerts() const noexcept { return alerts_; }
  /// The contents of all files, in the order of their evaluation.
  std::vector<std::string> contents() const;

  /// Selects these alerts, and the recordings that they read directly or indirectly. The functions below consider only
  /// selected rules.
  void select(const std::set<std::string>& alerts);

  /// The selected rules as one rule file, with the recordings of a group before the alerts that use them.
  std::string text() const;
  /// The names of the rule groups with selected rules, in the order of their evaluation.
  std::vector<std::string> groups() const;
  /// Whether a selected rule reads series of this name.
  bool reads(std::string_view series_name) const;
  /// Whether the text of a selected rule contains all `parts`.
  bool contains(std::initializer_list<std::string_view> parts) const;

 private:
  struct rule {
    bool is_alert = false;
    std::string name;
    /// The lines of the rule, without comments.
    std::string text;
    bool is_selected = true;
  };
  struct group {
    std::string name;
    /// The lines before the first rule, without comments.
    std::string header;
    std::vector<rule> rules;
  };
  struct file {
    std::string name;
    std::string content;
    std::vector<group> groups;
  };
  static std::vector<group> parse(const std::string& content);
  std::vector<rule*> all_rules();
  template <class Visit>
  void for_each_selected(Visit visit) const;
  void find_names();

  std::vector<file> files_;
  std::vector<std::string> alerts_;
  std::set<std::string, std::less<>> names_;
  std::vector<std::regex> patterns_;
  /// Cached results of `reads`.
  mutable std::unordered_map<std::string, bool> known_;
};

}  // namespace cohort::simulation::alerts
