// SPDX-License-Identifier: BSL-1.0
#include "simulation/alerts/rule_files.hpp"

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "simulation/report/page.hpp"

namespace cohort::simulation::alerts {
namespace {

const std::regex identifier{"([A-Za-z_:][A-Za-z0-9_:]*)"};

/// Calls `handle` with the first group of each match.
template <class Handler>
void for_each_match(const std::string& text, const std::regex& pattern, Handler handle) {
  for (auto it = std::sregex_iterator(text.begin(), text.end(), pattern); it != std::sregex_iterator(); ++it) {
    handle((*it)[1].str());
  }
}

/// The text after `prefix`, without spaces; empty if the line does not start with `prefix`.
std::string text_after_prefix(std::string_view line, std::string_view prefix) {
  if (!line.starts_with(prefix)) return {};
  line.remove_prefix(std::min(line.find_first_not_of(' ', prefix.size()), line.size()));
  return std::string{line};
}

}  // namespace

rule_files::rule_files(const std::string& directory) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator{directory, error}) {
    if (entry.path().extension() != ".yml") continue;
    auto content = read_file(entry.path());
    auto groups = parse(content);
    files_.push_back({entry.path().stem().string(), std::move(content), std::move(groups)});
  }
  if (files_.empty())
    throw std::runtime_error("--rules is \"" + directory + "\", but must be a directory with rule files");
  // Recording rules precede the alerts, so that the alerts of the same evaluation use their results.
  const auto rank = [](const file& source) { return source.name == "recording" ? 0 : source.name == "slo" ? 1 : 2; };
  std::sort(files_.begin(), files_.end(),
            [&](const file& a, const file& b) { return std::pair{rank(a), a.name} < std::pair{rank(b), b.name}; });
  for (const auto* each : all_rules()) {
    if (each->is_alert) alerts_.push_back(each->name);
  }
  std::sort(alerts_.begin(), alerts_.end());
  find_names();
}

/// Groups are indented by two spaces and rules by six; a check of the files enforces this format.
std::vector<rule_files::group> rule_files::parse(const std::string& content) {
  std::vector<group> groups;
  std::istringstream lines{content};
  for (std::string line; std::getline(lines, line);) {
    const auto text = line.find_first_not_of(' ');
    if (text == std::string::npos || line[text] == '#') continue;
    if (auto name = text_after_prefix(line, "  - name:"); !name.empty()) groups.push_back({std::move(name), {}, {}});
    if (groups.empty()) continue;
    auto& last = groups.back();
    if (auto name = text_after_prefix(line, "      - alert:"); !name.empty())
      last.rules.push_back({true, std::move(name), {}});
    if (auto name = text_after_prefix(line, "      - record:"); !name.empty())
      last.rules.push_back({false, std::move(name), {}});
    auto& target = last.rules.empty() ? last.header : last.rules.back().text;
    target.append(line).append("\n");
  }
  return groups;
}

std::vector<rule_files::rule*> rule_files::all_rules() {
  std::vector<rule*> all;
  for (auto& source : files_) {
    for (auto& group : source.groups) {
      for (auto& each : group.rules) all.push_back(&each);
    }
  }
  return all;
}

template <class Visit>
void rule_files::for_each_selected(Visit visit) const {
  for (const auto& source : files_) {
    for (const auto& group : source.groups) {
      for (const auto& each : group.rules) {
        if (each.is_selected) visit(group, each);
      }
    }
  }
}

std::vector<std::string> rule_files::contents() const {
  std::vector<std::string> all;
  for (const auto& source : files_) all.push_back(source.content);
  return all;
}

void rule_files::select(const std::set<std::string>& alerts) {
  const auto all = all_rules();
  std::vector<rule*> selected;
  for (auto* each : all) {
    each->is_selected = each->is_alert && alerts.contains(each->name);
    if (each->is_selected) selected.push_back(each);
  }
  while (!selected.empty()) {
    std::set<std::string> words;
    for_each_match(selected.back()->text, identifier, [&](std::string word) { words.insert(std::move(word)); });
    selected.pop_back();
    for (auto* each : all) {
      if (each->is_alert || each->is_selected || !words.contains(each->name)) continue;
      each->is_selected = true;
      selected.push_back(each);
    }
  }
  find_names();
}

/// The names and patterns of the series that the selected rules read.
void rule_files::find_names() {
  static const std::regex pattern{"__name__=~\"([^\"]*)\""};
  names_.clear();
  patterns_.clear();
  known_.clear();
  for_each_selected([&](const group&, const rule& each) {
    for_each_match(each.text, pattern, [&](const std::string& name) { patterns_.emplace_back(name); });
    // The pattern also matches other words of the rules, so a series that only an annotation mentions is scraped
    // unnecessarily.
    for_each_match(each.text, identifier, [&](std::string name) { names_.insert(std::move(name)); });
  });
}

std::string rule_files::text() const {
  std::string text = "groups:\n";
  const group* last = nullptr;
  for_each_selected([&](const group& owner, const rule& each) {
    if (&owner != last) text += owner.header;
    last = &owner;
    text += each.text;
  });
  return text;
}

std::vector<std::string> rule_files::groups() const {
  std::vector<std::string> found;
  for_each_selected([&](const group& owner, const rule&) {
    if (found.empty() || found.back() != owner.name) found.push_back(owner.name);
  });
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

bool rule_files::contains(std::initializer_list<std::string_view> parts) const {
  bool is_found = false;
  for_each_selected([&](const group&, const rule& each) {
    const auto is_in_rule = [&](std::string_view part) { return each.text.find(part) != std::string::npos; };
    is_found = is_found || std::all_of(parts.begin(), parts.end(), is_in_rule);
  });
  return is_found;
}

}  // namespace cohort::simulation::alerts
