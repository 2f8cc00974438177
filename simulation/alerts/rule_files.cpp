// SPDX-License-Identifier: BSL-1.0
#include "simulation/alerts/rule_files.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace cohort::simulation::alerts {
namespace {

/// Calls `handle` with the first group of each match.
template <class Handler>
void for_each_match(const std::string& text, const std::regex& pattern, Handler handle) {
  for (auto it = std::sregex_iterator(text.begin(), text.end(), pattern); it != std::sregex_iterator(); ++it) {
    handle((*it)[1].str());
  }
}

}  // namespace

rule_files::rule_files(const std::string& directory) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator{directory, error}) {
    if (entry.path().extension() != ".yml") continue;
    files_.push_back({entry.path().stem().string(), std::filesystem::absolute(entry.path()).string(), {}});
  }
  if (files_.empty())
    throw std::runtime_error("--rules is \"" + directory + "\", but must be a directory with rule files");
  // Recording rules precede the alerts, so that the alerts of the same evaluation use their results.
  const auto rank = [](const file& source) { return source.name == "recording" ? 0 : source.name == "slo" ? 1 : 2; };
  std::sort(files_.begin(), files_.end(),
            [&](const file& a, const file& b) { return std::pair{rank(a), a.name} < std::pair{rank(b), b.name}; });
  for (auto& source : files_) read(source);
  std::sort(alerts_.begin(), alerts_.end(), [](const alert& a, const alert& b) { return a.name < b.name; });
}

void rule_files::read(file& source) {
  std::ifstream input{source.path, std::ios::binary};
  std::ostringstream content;
  content << input.rdbuf();
  const auto text = content.str();
  static const std::regex group{R"(\n  - name: *(\S+))"};
  static const std::regex alert_rule{R"(\n *- alert: *(\S+))"};
  static const std::regex pattern{"__name__=~\"([^\"]*)\""};
  static const std::regex identifier{"([A-Za-z_:][A-Za-z0-9_:]*)"};
  for_each_match(text, group, [&](std::string name) { source.groups.push_back(std::move(name)); });
  for_each_match(text, alert_rule, [&](std::string name) { alerts_.push_back({std::move(name), source.name}); });
  for_each_match(text, pattern, [&](const std::string& name) { patterns_.emplace_back(name); });
  // Also matches other words of the rules: a series that only a comment mentions is scraped unnecessarily.
  for_each_match(text, identifier, [&](std::string name) { names_.insert(std::move(name)); });
}

std::vector<std::string> rule_files::paths(const std::set<std::string>& names) const {
  std::vector<std::string> found;
  for (const auto& source : files_) {
    if (names.contains(source.name)) found.push_back(source.path);
  }
  return found;
}

std::vector<std::string> rule_files::groups(const std::set<std::string>& names) const {
  std::vector<std::string> found;
  for (const auto& source : files_) {
    if (names.contains(source.name)) found.insert(found.end(), source.groups.begin(), source.groups.end());
  }
  return found;
}

bool rule_files::reads(std::string_view series_name) const {
  const auto [entry, is_new] = known_.try_emplace(std::string{series_name}, false);
  if (is_new) {
    entry->second = names_.contains(series_name) ||
                    std::any_of(patterns_.begin(), patterns_.end(),
                                [&](const auto& each) { return std::regex_match(entry->first, each); });
  }
  return entry->second;
}

}  // namespace cohort::simulation::alerts
