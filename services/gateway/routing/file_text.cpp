// SPDX-License-Identifier: BSL-1.0
#include "services/gateway/routing/file_text.hpp"

#include <filesystem>
#include <system_error>
#include <utility>

#include <cohort/config/small_file.hpp>

namespace cohort::gateway {

file_text read_file(const std::string& path, std::size_t max_bytes) {
  std::error_code ignored;
  const auto status = std::filesystem::status(path, ignored);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    return {{}, path + ": not a regular file"};
  }
  auto file = config::read_small_file(path, max_bytes + 1);
  if (!file.error.empty()) return {{}, path + ": cannot be read: " + file.error};
  if (file.text.size() > max_bytes) return {{}, path + ": larger than " + std::to_string(max_bytes) + " bytes"};
  return {std::move(file.text), {}};
}

}  // namespace cohort::gateway
