// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <cohort/config/api_keys.hpp>
#include <cohort/config/file_watch.hpp>

namespace cohort::config {

enum class reload_outcome { unchanged, replaced, failed };

/// The result of the reload of one setting.
struct reload_result {
  reload_outcome outcome = reload_outcome::unchanged;
  /// The reason why the value could not be read; empty unless the outcome is `failed`.
  std::string error;
};

/// The settings of a program that can be replaced while it runs, such as a secret in a file. If the new value cannot be
/// read or is invalid, the old value stays in use. Not thread-safe.
class reloader {
 public:
  /// Reads the setting and replaces it if it has changed and is valid.
  using action = std::function<reload_result()>;
  struct report {
    std::string setting;
    reload_result result;
  };

  /// Adds a setting. `setting` is its name in reports; `files` are the files that `reload` reads.
  void add(std::string setting, action reload, std::vector<std::string> files = {});
  /// Adds a secret in a regular file; pipes and devices are not reloaded. `replace` receives the new value, and returns
  /// whether the value has changed.
  void add_secret_file(std::string setting, std::string path, std::function<bool(const std::string&)> replace);

  /// Like `add_secret_file`, but for a file of API keys (`read_api_key_file`).
  void add_api_key_file(std::string setting, std::string path, std::function<bool(const api_key_list&)> replace);

  /// Whether there is a setting to reload.
  bool is_empty() const noexcept { return settings_.empty(); }
  /// The names of the settings, in insertion order.
  std::vector<std::string> settings() const;
  /// The files of all settings.
  std::vector<std::string> files() const;

  /// Reloads all settings, in insertion order.
  std::vector<report> reload();
  /// Reloads the settings whose files have changed since the last reload, by `version_of`. The first call reloads all
  /// settings that have files, because the files may have changed after the program read them. Settings from a pipe or
  /// a device are not reloaded.
  std::vector<report> reload_changed();

 private:
  using file_versions = std::vector<file_version>;
  struct setting {
    std::string name;
    action reload;
    std::vector<std::string> files;
    /// The versions of the files immediately before the last reload.
    std::optional<file_versions> versions;
  };
  static file_versions versions_of(const setting& entry);

  std::vector<setting> settings_;
};

}  // namespace cohort::config
