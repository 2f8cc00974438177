#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "core/runtime/cgroup.hpp"

namespace cohort::sysinfo {

/// A machine as its kernel describes it. What cannot be found out is "Unknown", 0 or nothing; the strings are as the
/// kernel gives them, not necessarily UTF-8.
struct machine {
  std::string hostname = "Unknown";          ///< uname's nodename: the container's own inside a container
  std::string platform = "Unknown";          ///< "Linux"
  std::string platform_release = "Unknown";  ///< uname -r
  std::string platform_version = "Unknown";  ///< uname -v
  std::string architecture = "Unknown";      ///< uname -m, such as "x86_64"
  std::string processor = "Unknown";         ///< the CPU's model name

  unsigned cpu_count = 0;           ///< logical CPUs online
  unsigned cpu_count_physical = 0;  ///< cores; as many as logical CPUs if the kernel does not tell which share one

  /// Of the machine, whatever the control groups allow. Available is never more than total.
  std::uint64_t memory_total_bytes = 0;
  std::uint64_t memory_available_bytes = 0;

  std::array<double, 3> load_average{};  ///< over 1, 5 and 15 minutes
  double uptime_seconds = 0;

  std::optional<std::uint64_t> cgroup_memory_limit_bytes;  ///< always below memory_total_bytes, if that is known
  std::optional<double> cgroup_cpu_limit;                  ///< in CPUs
};

/// uname(2)'s machine field for the running kernel; "Unknown" if uname fails.
std::string running_architecture();

/// Reads the machine's description from the proc and sys trees under `root`. What stays the same for as long as a
/// process lives is read by the constructor, the rest (memory, load, uptime, cgroup limits) by read().
/// Const members may be called from several threads at once.
class machine_reader {
 public:
  explicit machine_reader(const std::filesystem::path& root = "/", std::string architecture = running_architecture());

  /// A handful of reads of files that the kernel makes up in memory: tens of microseconds, without waiting for a
  /// disk, so that an event loop may call it. Files that are missing or malformed leave their fallbacks.
  machine read() const;

 private:
  machine description_;
  std::string meminfo_path_;
  std::string loadavg_path_;
  std::string uptime_path_;
  proc::cgroup_reader cgroup_;
};

}  // namespace cohort::sysinfo
