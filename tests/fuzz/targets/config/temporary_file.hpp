// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include "tests/fuzz/framework/fuzz_target.hpp"

namespace cohort::fuzz {

/// A file in memory, for parsers that read a path.
class temporary_file {
 public:
  explicit temporary_file(std::string_view content) : descriptor_(::memfd_create("fuzz", MFD_CLOEXEC)) {
    require(descriptor_ >= 0, "the system creates a file in memory");
    require(::write(descriptor_, content.data(), content.size()) == static_cast<ssize_t>(content.size()),
            "the content is written to the file");
  }
  ~temporary_file() { ::close(descriptor_); }
  temporary_file(const temporary_file&) = delete;
  temporary_file& operator=(const temporary_file&) = delete;

  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

}  // namespace cohort::fuzz
