// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace cohort::config {

enum class reload_outcome { unchanged, replaced, failed };

/// The result of reading one setting again.
struct reload_result {
  reload_outcome outcome = reload_outcome::unchanged;
  /// Why the value could not be read; only if `failed`.
  std::string error;
};

/// The settings of a program that can be replaced while it runs, such as a secret in a file. A value that cannot be
/// read or is invalid leaves the old one in use. Not thread-safe.
class reloader {
 public:
  /// Reads the setting and replaces it if it has changed and is valid.
  using action = std::function<reload_result()>;
  struct report {
    std::string setting;
    reload_result result;
  };

  /// `setting` is the name in reports.
  void add(std::string setting, action reload) { settings_.emplace_back(std::move(setting), std::move(reload)); }
  /// Adds a secret in a regular file: `replace` gets its value, and returns whether it differs from the current one. A
  /// pipe or a device is not read again.
  void add_secret_file(std::string setting, std::string path, std::function<bool(const std::string&)> replace);

  /// Whether there is a setting to reload.
  bool is_empty() const noexcept { return settings_.empty(); }
  /// Reloads all settings, in the order in which they were added.
  std::vector<report> reload() const;

 private:
  std::vector<std::pair<std::string, action>> settings_;
};

}  // namespace cohort::config
