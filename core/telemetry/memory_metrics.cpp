#include "core/telemetry/memory_metrics.hpp"

#include <malloc.h>

#include <array>

#include "core/runtime/cgroup.hpp"
#include "core/runtime/proc_file.hpp"

#if defined(__GLIBC__) && defined(__GLIBC_PREREQ)
#if __GLIBC_PREREQ(2, 33)
#define COHORT_HAS_MALLINFO2
#endif
#endif

namespace cohort::telemetry {
namespace {

using prometheus::MetricFamily;

void push_gauge(std::vector<MetricFamily>& to, const char* name, const char* help, std::uint64_t value) {
  to.push_back(single_value(name, help, prometheus::MetricType::Gauge, static_cast<double>(value)));
}

void collect_allocator([[maybe_unused]] std::vector<MetricFamily>& to) {
#ifdef COHORT_HAS_MALLINFO2
  const auto all = ::mallinfo2();
  push_gauge(to, "cohort_allocator_used_bytes", "In the allocator's arenas: what the program uses.", all.uordblks);
  push_gauge(to, "cohort_allocator_free_bytes",
             "In the allocator's arenas: what is free, and kept for what comes; resident, as a rule.", all.fordblks);
  push_gauge(to, "cohort_allocator_mapped_bytes",
             "Beside the arenas: large blocks that the program uses, each of which goes back to the system when freed.",
             all.hblkhd);
#endif
}

/// The smallest of the control groups' limits, else the machine's memory; nothing if neither is known.
std::optional<std::uint64_t> memory_limit(const proc::cgroup_reader& groups, const std::string& meminfo_path) {
  std::array<char, 4096> text;
  const auto total = proc::meminfo_bytes(proc::read_into(meminfo_path, text), "MemTotal");
  const auto limit = groups.read(total.value_or(0)).memory_bytes;
  return limit ? limit : total;
}

}  // namespace

void add_memory_metrics(registry& to, const std::filesystem::path& root) {
  to.add_collector([groups = proc::cgroup_reader{root}, meminfo = (root / "proc/meminfo").string()](auto& families) {
    collect_allocator(families);
    if (const auto limit = memory_limit(groups, meminfo)) {
      push_gauge(families, "cohort_memory_limit_bytes",
                 "Memory that this process may use: its control groups' limit, else all that the machine has.", *limit);
    }
  });
}

}  // namespace cohort::telemetry
