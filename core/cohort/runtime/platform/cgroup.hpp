// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cohort::platform {

/// Resource limits that control groups set for this process. An empty member means no limit.
struct cgroup_limits {
  std::optional<std::uint64_t> memory_bytes;
  /// Memory that counts toward the memory limit, without inactive file cache, which the kernel reclaims first. `docker
  /// stats` and the kubelet report the same value. The member is empty without a memory limit.
  std::optional<std::uint64_t> memory_used_bytes;
  std::optional<double> cpus;  ///< CPU time per wall-clock time: 1.5 is one and a half CPUs
};

/// Finds the control groups of this process once, in the constructor, and reads their limits on each call. Supports
/// cgroup v2, v1 and the hybrid layout, mounted at /sys/fs/cgroup. If the process later moves to another group, the
/// limits of the old group are still reported.
///
/// A limit applies to all groups below the group that sets it. The effective limit is therefore the smallest limit of
/// the process's own cgroup and all its ancestors up to the root of the mount. Sources:
/// Documentation/admin-guide/cgroup-v2.rst, "Top-down Constraint"; cgroup-v1/memory.rst, "Hierarchy support";
/// scheduler/sched-bwc.rst, "Hierarchical considerations".
class cgroup_reader {
 public:
  /// `root` is the directory that contains `proc` and `sys`: `/`, or another directory in tests.
  explicit cgroup_reader(const std::filesystem::path& root);

  /// A memory limit of at least `memory_total_bytes` (the machine's memory, 0 if unknown) has no effect and is
  /// omitted. Unreadable files count as unlimited.
  cgroup_limits read(std::uint64_t memory_total_bytes) const noexcept;

 private:
  struct memory_files {
    std::string limit;
    std::string usage;
    std::string stat;
    std::string_view inactive_file_key;  ///< the key in `stat`
  };
  struct cpu_files {
    std::string quota;   ///< v2: cpu.max, which holds "quota period"
    std::string period;  ///< v1's second file; empty for v2
  };

  std::vector<memory_files> memory_files_;
  std::vector<cpu_files> cpu_files_;
};

}  // namespace cohort::platform
