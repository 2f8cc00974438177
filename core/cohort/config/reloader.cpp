// SPDX-License-Identifier: BSL-1.0
#include <cohort/config/reloader.hpp>

#include <filesystem>
#include <system_error>

#include <cohort/config/secret.hpp>

namespace cohort::config {

void reloader::add_secret_file(std::string setting, std::string path, std::function<bool(const std::string&)> replace) {
  add(std::move(setting), [path = std::move(path), replace = std::move(replace)]() -> reload_result {
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    // Reading a pipe would block the caller.
    if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
      return {reload_outcome::failed, "\"" + path + "\" is not a regular file"};
    }
    const auto file = read_secret_file(path);
    if (!file.error.empty()) return {reload_outcome::failed, "\"" + path + "\", " + file.error};
    return {replace(file.secret) ? reload_outcome::replaced : reload_outcome::unchanged, {}};
  });
}

std::vector<reloader::report> reloader::reload() const {
  std::vector<report> reports;
  for (const auto& [setting, reload_setting] : settings_) reports.push_back({setting, reload_setting()});
  return reports;
}

}  // namespace cohort::config
