#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace cohort::proc {

/// What this process may use at most, by its control groups; nothing where there is no limit.
struct cgroup_limits {
  std::optional<std::uint64_t> memory_bytes;
  std::optional<double> cpus;  ///< CPU time per time: 1.5 is one and a half CPUs
};

/// Finds this process's control groups once, and reads their limits whenever asked. Knows cgroup v2, v1 and hybrids of
/// the two, mounted where systemd and container runtimes mount them (/sys/fs/cgroup). A process that is moved to
/// another group later keeps being described by the old one.
///
/// A limit binds every group below the one that sets it, so the smallest from the own group up to the mount's root
/// is the one that counts. Sources: Documentation/admin-guide/cgroup-v2.rst, "Top-down Constraint";
/// cgroup-v1/memory.rst, "Hierarchy support"; scheduler/sched-bwc.rst, "Hierarchical considerations".
class cgroup_reader {
 public:
  explicit cgroup_reader(const std::filesystem::path& root);

  /// A memory limit not below `memory_total_bytes` limits nothing and is left out; 0 means that the total is not
  /// known.
  cgroup_limits read(std::uint64_t memory_total_bytes) const noexcept;

 private:
  struct cpu_files {
    std::string quota;   ///< v2: cpu.max, holding "quota period"
    std::string period;  ///< v1's second file; empty for v2
  };

  std::vector<std::string> memory_files_;
  std::vector<cpu_files> cpu_files_;
};

}  // namespace cohort::proc
