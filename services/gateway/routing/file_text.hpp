// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>

namespace cohort::gateway {

struct file_text {
  std::string text;
  /// The error message, which begins with the path of the file; empty on success.
  std::string error;
};

/// Reads a regular file of at most `max_bytes`. A pipe is an error, because the gateway reads its files repeatedly.
file_text read_file(const std::string& path, std::size_t max_bytes);

}  // namespace cohort::gateway
