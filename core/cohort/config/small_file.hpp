// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

namespace cohort::config {

struct small_file {
  std::string text;
  /// The reason why the file cannot be read, such as "No such file or directory"; empty if it was read.
  std::string error;
};

/// Maximum time for which `read_small_file` waits for the bytes of a pipe or a terminal.
inline constexpr std::chrono::milliseconds small_file_timeout{5000};

/// Reads a file up to its end, up to `max_bytes`, or up to the first `terminator` if one is given. The text can contain
/// bytes after the terminator. The size is limited because files such as `/dev/zero` have no end. Each read of a file
/// that is not regular, such as a named pipe without a writer, blocks for at most `timeout`; a negative `timeout` means
/// no limit.
small_file read_small_file(const std::string& path, std::size_t max_bytes,
                           std::optional<char> terminator = std::nullopt,
                           std::chrono::milliseconds timeout = small_file_timeout);

}  // namespace cohort::config
