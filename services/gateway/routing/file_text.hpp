// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>

namespace cohort::gateway {

struct file_text {
  std::string text;
  /// The reason why the file could not be read, beginning with its path; empty if it was.
  std::string error;
};

/// Reads a regular file of at most `max_bytes`. The gateway reads its files again and again, so a pipe is an error.
file_text read_file(const std::string& path, std::size_t max_bytes);

}  // namespace cohort::gateway
