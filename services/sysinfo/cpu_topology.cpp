// SPDX-License-Identifier: BSL-1.0
#include "services/sysinfo/cpu_topology.hpp"

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <cohort/runtime/platform/proc_file.hpp>

namespace cohort::sysinfo {
namespace {

namespace fs = std::filesystem;
using namespace platform;

/// Returns the CPUs of a list such as "0-3,5"; empty if a part is malformed. Source:
/// Source: the kernel's Documentation/admin-guide/cputopology.rst; lists are in ascending order.
std::vector<unsigned> parse_cpu_list(std::string_view list) {
  /// The limit is higher than NR_CPUS (8192) of any kernel, and bounds the memory for a malformed list.
  constexpr unsigned max_cpus = 65'536;
  std::vector<unsigned> cpus;
  list = trim(list);
  while (!list.empty()) {
    auto rest = consume_field(list, ',');
    const bool is_range = rest.find('-') != std::string_view::npos;
    const auto first = parse_number<unsigned>(consume_field(rest, '-'));
    const auto last = is_range ? parse_number<unsigned>(rest) : first;
    if (!first || !last || *last < *first || *last >= max_cpus) return {};
    if (!cpus.empty() && *first <= cpus.back()) return {};
    for (unsigned cpu = *first; cpu <= *last; ++cpu) cpus.push_back(cpu);
  }
  return cpus;
}

/// Returns the paragraphs of /proc/cpuinfo, one for each logical CPU. On ARM, omits the last paragraph, which describes
/// the board.
std::vector<std::string_view> processor_paragraphs(std::string_view cpuinfo) {
  std::vector<std::string_view> paragraphs;
  while (!cpuinfo.empty()) {
    const auto end = cpuinfo.find("\n\n");
    const auto paragraph = cpuinfo.substr(0, end);
    cpuinfo.remove_prefix(end == std::string_view::npos ? cpuinfo.size() : end + 2);
    if (find_value(paragraph, "processor")) paragraphs.push_back(paragraph);
  }
  return paragraphs;
}

/// CPUs of one core have the same list of siblings. Core IDs are not used, because they can repeat within a package;
/// lscpu also uses the lists. Kernels before 5.3 use the second file name. Source:
/// Documentation/admin-guide/cputopology.rst.
std::optional<unsigned> cores_in_sysfs(const fs::path& root, const std::vector<unsigned>& cpus) {
  std::set<std::string> cores;
  for (const unsigned cpu : cpus) {
    const auto topology = root / "sys/devices/system/cpu" / ("cpu" + std::to_string(cpu)) / "topology";
    auto siblings = read_file(topology / "core_cpus_list");
    if (siblings.empty()) siblings = read_file(topology / "thread_siblings_list");
    if (parse_cpu_list(siblings).empty()) return std::nullopt;
    cores.insert(std::move(siblings));
  }
  if (cores.empty()) return std::nullopt;
  return static_cast<unsigned>(cores.size());
}

/// Counts the pairs of package and core ID. The keys of LoongArch differ from those of x86.
std::optional<unsigned> cores_in_cpuinfo(const std::vector<std::string_view>& processors) {
  std::set<std::pair<std::string_view, std::string_view>> cores;
  for (const auto processor : processors) {
    auto package = find_value(processor, "physical id");
    auto core = find_value(processor, "core id");
    if (!package) package = find_value(processor, "package");
    if (!core) core = find_value(processor, "core");
    if (!package || !core) return std::nullopt;
    cores.emplace(*package, *core);
  }
  if (cores.empty()) return std::nullopt;
  return static_cast<unsigned>(cores.size());
}

unsigned logical_cpus(const std::vector<unsigned>& online, const std::vector<std::string_view>& processors,
                      std::string_view cpuinfo) {
  if (!online.empty()) return static_cast<unsigned>(online.size());
  if (!processors.empty()) return static_cast<unsigned>(processors.size());
  // s390x
  const auto count = find_value(cpuinfo, "# processors");
  return count ? parse_number<unsigned>(*count).value_or(0) : 0;
}

}  // namespace

cpu_counts count_cpus(const fs::path& root, std::string_view cpuinfo) {
  const auto online = parse_cpu_list(read_file(root / "sys/devices/system/cpu/online"));
  const auto processors = processor_paragraphs(cpuinfo);
  cpu_counts counts;
  counts.logical = logical_cpus(online, processors, cpuinfo);
  auto cores = cores_in_sysfs(root, online);
  if (!cores) cores = cores_in_cpuinfo(processors);
  counts.cores = cores.value_or(counts.logical);
  return counts;
}

}  // namespace cohort::sysinfo
