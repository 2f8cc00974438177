// SPDX-License-Identifier: BSL-1.0
#include <cohort/config/reloader.hpp>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include <cohort/config/secret.hpp>

namespace cohort::config {

namespace {

/// Returns the reload action of a file, which `read` reads and parses. The action fails unless the file is regular,
/// because reading a pipe would block the caller.
template <class Read>
reloader::action make_file_action(std::string path, Read read) {
  return [path = std::move(path), read = std::move(read)]() -> reload_result {
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
      return {reload_outcome::failed, "\"" + path + "\" is not a regular file"};
    }
    auto result = read(path);
    if (result.outcome == reload_outcome::failed) result.error = "\"" + path + "\", " + result.error;
    return result;
  };
}

}  // namespace

void reloader::add(std::string setting, action reload, std::vector<std::string> files) {
  settings_.push_back({std::move(setting), std::move(reload), std::move(files), std::nullopt});
}

void reloader::add_secret_file(std::string setting, std::string path, std::function<bool(const std::string&)> replace) {
  const auto read = [replace = std::move(replace)](const std::string& name) -> reload_result {
    auto file = read_secret_file(name);
    if (!file.error.empty()) return {reload_outcome::failed, std::move(file.error)};
    return {replace(file.secret) ? reload_outcome::replaced : reload_outcome::unchanged, {}};
  };
  add(std::move(setting), make_file_action(path, read), {path});
}

void reloader::add_api_key_file(std::string setting, std::string path,
                                std::function<bool(const api_key_list&)> replace) {
  const auto read = [replace = std::move(replace)](const std::string& name) -> reload_result {
    auto file = read_api_key_file(name);
    if (!file.error.empty()) return {reload_outcome::failed, std::move(file.error)};
    return {replace(file.keys) ? reload_outcome::replaced : reload_outcome::unchanged, {}};
  };
  add(std::move(setting), make_file_action(path, read), {path});
}

std::vector<std::string> reloader::settings() const {
  std::vector<std::string> names;
  for (const auto& entry : settings_) names.push_back(entry.name);
  return names;
}

std::vector<std::string> reloader::files() const {
  std::vector<std::string> files;
  for (const auto& entry : settings_) files.insert(files.end(), entry.files.begin(), entry.files.end());
  return files;
}

reloader::file_versions reloader::versions_of(const setting& entry) {
  file_versions versions;
  for (const auto& file : entry.files) versions.push_back(version_of(file));
  return versions;
}

std::vector<reloader::report> reloader::reload() {
  std::vector<report> reports;
  for (auto& entry : settings_) {
    // The versions are read before the files, so that the next `reload_changed` detects a change that is made during
    // this reload.
    entry.versions = versions_of(entry);
    reports.push_back({entry.name, entry.reload()});
  }
  return reports;
}

std::vector<reloader::report> reloader::reload_changed() {
  std::vector<report> reports;
  for (auto& entry : settings_) {
    auto versions = versions_of(entry);
    const bool is_readable = std::none_of(versions.begin(), versions.end(), [](const file_version& version) {
      return version.type == file_version::kind::other;
    });
    if (entry.files.empty() || !is_readable || entry.versions == versions) continue;
    entry.versions = std::move(versions);
    reports.push_back({entry.name, entry.reload()});
  }
  return reports;
}

}  // namespace cohort::config
