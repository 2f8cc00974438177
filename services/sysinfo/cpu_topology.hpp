// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <filesystem>
#include <string_view>

namespace cohort::sysinfo {

struct cpu_counts {
  unsigned logical = 0;  ///< online; 0 if unknown
  unsigned cores = 0;    ///< equal to `logical` if the kernel does not report the topology
};

/// Counts CPUs from sysfs under `root`, or from the text of /proc/cpuinfo if sysfs has no data.
cpu_counts count_cpus(const std::filesystem::path& root, std::string_view cpuinfo);

}  // namespace cohort::sysinfo
