// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace cohort::test {

/// Returns the number of open descriptors of a process.
std::size_t open_descriptors(pid_t process);
/// Returns the value of a line of /proc/PID/status in KiB, such as `VmRSS` or `VmSize`. Throws std::runtime_error if
/// there is no such line, for example because the process has ended.
std::size_t memory_kib(pid_t process, const std::string& name);
/// Returns a port that no socket currently listens on, on any loopback address.
std::uint16_t free_port();

}  // namespace cohort::test
