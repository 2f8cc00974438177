// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace cohort::simulation::alerts {

/// A directory that the destructor removes with its contents. Throws `std::runtime_error` if the directory cannot be
/// created.
class temporary_directory {
 public:
  temporary_directory() : path_((std::filesystem::temp_directory_path() / "cohort-alerts-XXXXXX").string()) {
    if (!mkdtemp(path_.data())) throw std::runtime_error("cannot create the directory " + path_);
  }
  ~temporary_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;
  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

}  // namespace cohort::simulation::alerts
