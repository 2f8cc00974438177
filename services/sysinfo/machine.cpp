#include "services/sysinfo/machine.hpp"

#include <sys/utsname.h>

#include <algorithm>
#include <limits>
#include <set>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "core/runtime/proc_file.hpp"

namespace cohort::sysinfo {
namespace {

namespace fs = std::filesystem;
using namespace proc;

constexpr std::string_view unknown = "Unknown";

std::string line_or_unknown(const fs::path& path) {
  const auto text = read_whole(path);
  const auto line = trimmed(text);
  return std::string(line.empty() ? unknown : line);
}

/// The CPUs of a list such as "0-3,5"; none if any of it is malformed.
/// Source: Documentation/admin-guide/cputopology.rst; lists are in ascending order.
std::vector<unsigned> listed_cpus(std::string_view list) {
  /// Far above any kernel's NR_CPUS (8192), so that a nonsensical list cannot claim gigabytes.
  constexpr unsigned cpu_bound = 65'536;
  std::vector<unsigned> cpus;
  list = trimmed(list);
  while (!list.empty()) {
    auto rest = take_until(list, ',');
    const bool is_range = rest.find('-') != std::string_view::npos;
    const auto first = number<unsigned>(take_until(rest, '-'));
    const auto last = is_range ? number<unsigned>(rest) : first;
    if (!first || !last || *last < *first || *last >= cpu_bound) return {};
    if (!cpus.empty() && *first <= cpus.back()) return {};
    for (unsigned cpu = *first; cpu <= *last; ++cpu) cpus.push_back(cpu);
  }
  return cpus;
}

/// /proc/cpuinfo's paragraphs about one logical CPU each. ARM appends one about the board, which is left out.
std::vector<std::string_view> processor_paragraphs(std::string_view cpuinfo) {
  std::vector<std::string_view> paragraphs;
  while (!cpuinfo.empty()) {
    const auto end = cpuinfo.find("\n\n");
    const auto paragraph = cpuinfo.substr(0, end);
    cpuinfo.remove_prefix(end == std::string_view::npos ? cpuinfo.size() : end + 2);
    if (value_of(paragraph, "processor")) paragraphs.push_back(paragraph);
  }
  return paragraphs;
}

/// CPUs that share a core carry the same list of siblings. Unlike core ids, which may repeat within a package, this
/// needs no other id to be unique; lscpu counts so too. The second name is that of kernels before 5.3.
/// Source: Documentation/admin-guide/cputopology.rst.
std::optional<unsigned> cores_by_topology(const fs::path& root, const std::vector<unsigned>& cpus) {
  std::set<std::string> cores;
  for (const unsigned cpu : cpus) {
    const auto topology = root / "sys/devices/system/cpu" / ("cpu" + std::to_string(cpu)) / "topology";
    auto siblings = read_whole(topology / "core_cpus_list");
    if (siblings.empty()) siblings = read_whole(topology / "thread_siblings_list");
    if (listed_cpus(siblings).empty()) return std::nullopt;
    cores.insert(std::move(siblings));
  }
  if (cores.empty()) return std::nullopt;
  return static_cast<unsigned>(cores.size());
}

std::optional<unsigned> cores_by_cpuinfo(const std::vector<std::string_view>& processors) {
  std::set<std::pair<std::string_view, std::string_view>> cores;
  for (const auto processor : processors) {
    const auto package = value_of(processor, "physical id");
    const auto core = value_of(processor, "core id");
    if (!package || !core) return std::nullopt;
    cores.emplace(*package, *core);
  }
  if (cores.empty()) return std::nullopt;
  return static_cast<unsigned>(cores.size());
}

struct arm_name {
  unsigned id;
  std::string_view name;
};

/// Source: the kernel's arch/arm64/include/asm/cputype.h, ARM_CPU_IMP_*.
constexpr auto arm_implementers = std::to_array<arm_name>({
    {0x41, "ARM"},
    {0x46, "Fujitsu"},
    {0x48, "HiSilicon"},
    {0x4e, "NVIDIA"},
    {0x51, "Qualcomm"},
    {0x61, "Apple"},
    {0x6d, "Microsoft"},
    {0xc0, "Ampere"},
});

/// ARM's own cores that servers and single-board computers are made of. Source: the same file, ARM_CPU_PART_*.
constexpr auto arm_parts = std::to_array<arm_name>({
    {0xd03, "Cortex-A53"},
    {0xd05, "Cortex-A55"},
    {0xd07, "Cortex-A57"},
    {0xd08, "Cortex-A72"},
    {0xd0b, "Cortex-A76"},
    {0xd0c, "Neoverse-N1"},
    {0xd40, "Neoverse-V1"},
    {0xd49, "Neoverse-N2"},
    {0xd4f, "Neoverse-V2"},
});

std::optional<std::string_view> name_of(std::span<const arm_name> names, std::string_view hexadecimal) {
  if (hexadecimal.starts_with("0x")) hexadecimal.remove_prefix(2);
  const auto id = number<unsigned>(hexadecimal, 16);
  if (!id) return std::nullopt;
  const auto found = std::ranges::find(names, *id, &arm_name::id);
  if (found == names.end()) return std::nullopt;
  return found->name;
}

/// 64-bit ARM kernels give numbers instead of a model name.
std::optional<std::string> arm_processor(std::string_view cpuinfo) {
  const auto implementer = value_of(cpuinfo, "CPU implementer");
  const auto part = value_of(cpuinfo, "CPU part");
  if (!implementer || !part) return std::nullopt;
  const auto maker = name_of(arm_implementers, *implementer);
  if (!maker) return std::nullopt;
  if (const auto core = name_of(arm_parts, *part); core && *maker == "ARM") return "ARM " + std::string(*core);
  return std::string(*maker) + " CPU part " + std::string(*part);
}

std::string processor_name(std::string_view cpuinfo) {
  if (const auto name = value_of(cpuinfo, "model name")) return std::string(*name);
  if (auto name = arm_processor(cpuinfo)) return *std::move(name);
  // Better than nothing: the system on a chip, then the board that it is on.
  if (const auto name = value_of(cpuinfo, "Hardware")) return std::string(*name);
  if (const auto name = value_of(cpuinfo, "Model")) return std::string(*name);
  return std::string(unknown);
}

void describe_processors(const fs::path& root, machine& described) {
  const auto cpuinfo = read_whole(root / "proc/cpuinfo");
  const auto processors = processor_paragraphs(cpuinfo);
  const auto online = listed_cpus(read_whole(root / "sys/devices/system/cpu/online"));

  described.processor = processor_name(cpuinfo);
  described.cpu_count = static_cast<unsigned>(online.empty() ? processors.size() : online.size());
  auto cores = cores_by_topology(root, online);
  if (!cores) cores = cores_by_cpuinfo(processors);
  described.cpu_count_physical = cores.value_or(described.cpu_count);
}

machine describe(const fs::path& root, std::string architecture) {
  machine described;
  described.hostname = line_or_unknown(root / "proc/sys/kernel/hostname");
  described.platform = line_or_unknown(root / "proc/sys/kernel/ostype");
  described.platform_release = line_or_unknown(root / "proc/sys/kernel/osrelease");
  described.platform_version = line_or_unknown(root / "proc/sys/kernel/version");
  described.architecture = std::move(architecture);
  describe_processors(root, described);
  return described;
}

/// Kernels before 3.14 give no estimate of what can be had without swapping; this was the rule of thumb until then.
/// Source: the kernel's commit 34e431b0ae39, "/proc/meminfo: provide estimated available memory".
std::uint64_t free_and_reclaimable_bytes(std::string_view meminfo) noexcept {
  return meminfo_bytes(meminfo, "MemFree").value_or(0) + meminfo_bytes(meminfo, "Buffers").value_or(0) +
         meminfo_bytes(meminfo, "Cached").value_or(0);
}

void read_memory(const std::string& path, machine& now) noexcept {
  std::array<char, 4096> buffer;
  const auto meminfo = read_into(path, buffer);
  const auto available = meminfo_bytes(meminfo, "MemAvailable");
  now.memory_total_bytes = meminfo_bytes(meminfo, "MemTotal").value_or(0);
  now.memory_available_bytes =
      std::min(available ? *available : free_and_reclaimable_bytes(meminfo), now.memory_total_bytes);
}

/// The next of a line's numbers, none of which can be negative.
std::optional<double> take_number(std::string_view& rest) noexcept {
  const auto value = number<double>(take_until(rest, ' '));
  return value && *value >= 0 ? value : std::nullopt;
}

std::array<double, 3> read_load_average(const std::string& path) noexcept {
  std::array<char, 128> buffer;
  auto rest = trimmed(read_into(path, buffer));
  std::array<double, 3> averages{};
  for (auto& average : averages) {
    const auto value = take_number(rest);
    if (!value) return {};
    average = *value;
  }
  return averages;
}

double read_uptime_seconds(const std::string& path) noexcept {
  std::array<char, 128> buffer;
  auto rest = trimmed(read_into(path, buffer));
  return take_number(rest).value_or(0);
}

}  // namespace

std::string running_architecture() {
  utsname names{};
  return std::string(::uname(&names) == 0 ? std::string_view(names.machine) : unknown);
}

machine_reader::machine_reader(const fs::path& root, std::string architecture)
    : description_(describe(root, std::move(architecture))),
      meminfo_path_(root / "proc/meminfo"),
      loadavg_path_(root / "proc/loadavg"),
      uptime_path_(root / "proc/uptime"),
      cgroup_(root) {}

machine machine_reader::read() const {
  machine now = description_;
  read_memory(meminfo_path_, now);
  now.load_average = read_load_average(loadavg_path_);
  now.uptime_seconds = read_uptime_seconds(uptime_path_);
  const auto limits = cgroup_.read(now.memory_total_bytes);
  now.cgroup_memory_limit_bytes = limits.memory_bytes;
  now.cgroup_cpu_limit = limits.cpus;
  return now;
}

}  // namespace cohort::sysinfo
