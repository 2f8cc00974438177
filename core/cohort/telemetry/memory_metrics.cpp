// SPDX-License-Identifier: BSL-1.0
#include <cohort/telemetry/memory_metrics.hpp>

#include <malloc.h>

#include <array>

#include <cohort/runtime/platform/cgroup.hpp>
#include <cohort/runtime/platform/proc_file.hpp>
#include <cohort/telemetry/metrics.hpp>

#if defined(__GLIBC__) && defined(__GLIBC_PREREQ)
#if __GLIBC_PREREQ(2, 33)
#define COHORT_HAS_MALLINFO2
#endif
#endif

namespace cohort::telemetry {
namespace {

using prometheus::MetricFamily;

void append_gauge(std::vector<MetricFamily>& families, const char* name, const char* help, std::uint64_t value) {
  families.push_back(single_value_family(name, help, prometheus::MetricType::Gauge, static_cast<double>(value)));
}

void append_allocator_metrics([[maybe_unused]] std::vector<MetricFamily>& families) {
#ifdef COHORT_HAS_MALLINFO2
  const auto allocator_state = ::mallinfo2();
  append_gauge(families, "cohort_allocator_used_bytes", "Memory in use in the allocator's arenas, in bytes.",
               allocator_state.uordblks);
  append_gauge(families, "cohort_allocator_free_bytes",
               "Free memory in the allocator's arenas, kept for later allocations and usually resident, in bytes.",
               allocator_state.fordblks);
  append_gauge(families, "cohort_allocator_mapped_bytes",
               "Memory in large blocks outside the arenas, returned to the system when freed, in bytes.",
               allocator_state.hblkhd);
#endif
}

/// Returns the lowest limit of the control groups, or the memory of the host; empty if neither is known.
std::optional<std::uint64_t> memory_limit(const platform::cgroup_reader& groups, const std::string& meminfo_path) {
  std::array<char, 4096> text;
  const auto total = platform::meminfo_bytes(platform::read_prefix(meminfo_path, text), "MemTotal");
  const auto limit = groups.read(total.value_or(0)).memory_bytes;
  return limit ? limit : total;
}

}  // namespace

void add_memory_metrics(registry& metrics, const std::filesystem::path& root) {
  metrics.add_collector([groups = platform::cgroup_reader{root},
                         meminfo = (root / "proc/meminfo").string()](auto& families) {
    append_allocator_metrics(families);
    if (const auto limit = memory_limit(groups, meminfo)) {
      append_gauge(families, "cohort_memory_limit_bytes",
                   "Memory limit of the process: the lowest limit of its control groups, or the memory of the host, in "
                   "bytes.",
                   *limit);
    }
  });
}

}  // namespace cohort::telemetry
