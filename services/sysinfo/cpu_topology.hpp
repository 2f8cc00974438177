// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <filesystem>
#include <string_view>

namespace cohort::sysinfo {

struct cpu_counts {
  unsigned logical = 0;  ///< online; 0 if unknown
  unsigned cores = 0;    ///< as many as logical CPUs if the kernel does not report which share a core
};

/// Counts CPUs from sysfs under `root`, or from the text of /proc/cpuinfo where sysfs has no data.
cpu_counts count_cpus(const std::filesystem::path& root, std::string_view cpuinfo);

}  // namespace cohort::sysinfo
