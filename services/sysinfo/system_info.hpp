// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include <cohort/runtime/platform/cgroup.hpp>

namespace cohort::sysinfo {

/// The properties of a machine, as reported by its kernel. Unknown values are "Unknown", 0 or empty. The strings are
/// not necessarily UTF-8.
struct system_info {
  std::string hostname = "Unknown";          ///< nodename of uname; in a container, the name of the container
  std::string platform = "Unknown";          ///< "Linux"
  std::string platform_release = "Unknown";  ///< uname -r
  std::string platform_version = "Unknown";  ///< uname -v
  std::string architecture = "Unknown";      ///< uname -m, such as "x86_64"
  std::string processor = "Unknown";         ///< the CPU's model name

  unsigned cpu_count = 0;           ///< logical CPUs online
  unsigned cpu_count_physical = 0;  ///< cores; if unknown, the number of logical CPUs

  /// The memory of the machine, independent of control groups. Available memory is at most the total.
  std::uint64_t memory_total_bytes = 0;
  std::uint64_t memory_available_bytes = 0;

  std::array<double, 3> load_average{};  ///< over 1, 5 and 15 minutes
  double uptime_seconds = 0;

  std::optional<std::uint64_t> cgroup_memory_limit_bytes;  ///< less than memory_total_bytes if the total is known
  std::optional<std::uint64_t>
      cgroup_memory_used_bytes;            ///< memory usage under this limit, without inactive file cache
  std::optional<double> cgroup_cpu_limit;  ///< in CPUs
};

/// uname(2)'s machine field for the running kernel; "Unknown" if uname fails.
std::string running_architecture();

/// Reads a machine's description from the proc and sys trees under `root`. The constructor reads the values that
/// are constant during the life of a process; read() reads memory, load, uptime and control groups. Const members are
/// thread-safe.
class system_info_reader {
 public:
  explicit system_info_reader(const std::filesystem::path& root = "/",
                              std::string architecture = running_architecture());

  /// The function takes tens of microseconds and does not access the disk, so it may be called on an event loop. Values
  /// from missing or malformed files are unknown.
  system_info read() const;

 private:
  system_info constant_info_;
  std::string meminfo_path_;
  std::string loadavg_path_;
  std::string uptime_path_;
  platform::cgroup_reader cgroup_;
};

}  // namespace cohort::sysinfo
