// SPDX-License-Identifier: BSL-1.0
#include "tests/support/temporary_directory.hpp"

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>

namespace cohort::test {

temporary_directory::temporary_directory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "cohort-test-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    throw std::runtime_error("mkdtemp " + pattern + ": " + std::generic_category().message(errno));
  }
  path_ = pattern;
}

temporary_directory::~temporary_directory() {
  std::error_code ignored;  // a destructor must not throw
  std::filesystem::remove_all(path_, ignored);
}

std::filesystem::path temporary_directory::write(const std::filesystem::path& name, std::string_view text) const {
  auto target = path_ / name;
  std::filesystem::create_directories(target.parent_path());
  std::ofstream file{target, std::ios::binary | std::ios::trunc};
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  file.close();
  if (!file) {
    throw std::runtime_error("cannot write " + target.string());
  }
  return target;
}

}  // namespace cohort::test
