// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <fstream>
#include <iterator>
#include <string>

#include "tests/support/temporary_directory.hpp"

namespace cohort::test {

/// A file `target` that a test stores in an otherwise empty directory.
struct stored_file {
  std::string content() const {
    std::ifstream file{target};
    return {std::istreambuf_iterator<char>{file}, {}};
  }
  auto file_count() const {
    return std::distance(std::filesystem::directory_iterator{directory.path()}, std::filesystem::directory_iterator{});
  }

  temporary_directory directory;
  std::filesystem::path target = directory.path() / "saved";
};

}  // namespace cohort::test
