// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <vector>

namespace cohort::config {

/// The locations of a program's secrets on its command line and in its environment.
struct secret_names {
  /// Flags with their dashes, such as `--api-key` and `-H`. A value is the next argument, the text after `=`, or the
  /// text directly after a short flag.
  std::vector<std::string> flags;
  std::vector<std::string> variables;
};

/// Erases the values of secrets, and the user information of all URLs, from the memory that `/proc/PID/cmdline` and
/// `/proc/PID/environ` show. Other processes of the same user can read these files. The program must copy the values
/// before the call; afterwards, `getenv` returns an empty string for the variables. Call this function before other
/// threads are started. Has no effect if `/proc` is not mounted.
void erase_process_secrets(const secret_names& names);

}  // namespace cohort::config
