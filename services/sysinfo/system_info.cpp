// SPDX-License-Identifier: BSL-1.0
#include "services/sysinfo/system_info.hpp"

#include <sys/utsname.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include <cohort/runtime/platform/proc_file.hpp>
#include "services/sysinfo/cpu_topology.hpp"
#include "services/sysinfo/processor_name.hpp"

namespace cohort::sysinfo {
namespace {

namespace fs = std::filesystem;
using namespace platform;

constexpr std::string_view unknown = "Unknown";

std::string line_or_unknown(const fs::path& path) {
  const auto text = read_file(path);
  const auto line = trim(text);
  return std::string(line.empty() ? unknown : line);
}

system_info read_constant(const fs::path& root, std::string architecture) {
  const auto cpuinfo = read_file(root / "proc/cpuinfo");
  const auto cpus = count_cpus(root, cpuinfo);
  system_info info;
  info.hostname = line_or_unknown(root / "proc/sys/kernel/hostname");
  info.platform = line_or_unknown(root / "proc/sys/kernel/ostype");
  info.platform_release = line_or_unknown(root / "proc/sys/kernel/osrelease");
  info.platform_version = line_or_unknown(root / "proc/sys/kernel/version");
  info.architecture = std::move(architecture);
  info.processor = processor_name(cpuinfo);
  info.cpu_count = cpus.logical;
  info.cpu_count_physical = cpus.cores;
  return info;
}

/// Estimates the available memory for kernels before 3.14, which do not report MemAvailable. Source: the kernel's
/// commit 34e431b0ae39, "/proc/meminfo: provide estimated available memory".
std::uint64_t free_and_reclaimable_bytes(std::string_view meminfo) noexcept {
  return meminfo_bytes(meminfo, "MemFree").value_or(0) + meminfo_bytes(meminfo, "Buffers").value_or(0) +
         meminfo_bytes(meminfo, "Cached").value_or(0);
}

void read_memory(const std::string& path, system_info& info) noexcept {
  std::array<char, 4096> buffer;
  const auto meminfo = read_prefix(path, buffer);
  const auto available = meminfo_bytes(meminfo, "MemAvailable");
  info.memory_total_bytes = meminfo_bytes(meminfo, "MemTotal").value_or(0);
  info.memory_available_bytes =
      std::min(available ? *available : free_and_reclaimable_bytes(meminfo), info.memory_total_bytes);
}

std::optional<double> consume_non_negative(std::string_view& rest) noexcept {
  const auto value = parse_number<double>(consume_field(rest, ' '));
  return value && *value >= 0 ? value : std::nullopt;
}

std::array<double, 3> read_load_average(const std::string& path) noexcept {
  std::array<char, 128> buffer;
  auto rest = trim(read_prefix(path, buffer));
  std::array<double, 3> averages{};
  for (auto& average : averages) {
    const auto value = consume_non_negative(rest);
    if (!value) return {};
    average = *value;
  }
  return averages;
}

double read_uptime_seconds(const std::string& path) noexcept {
  std::array<char, 128> buffer;
  auto rest = trim(read_prefix(path, buffer));
  return consume_non_negative(rest).value_or(0);
}

}  // namespace

std::string running_architecture() {
  utsname names{};
  return std::string(::uname(&names) == 0 ? std::string_view(names.machine) : unknown);
}

system_info_reader::system_info_reader(const fs::path& root, std::string architecture)
    : constant_info_(read_constant(root, std::move(architecture))),
      meminfo_path_(root / "proc/meminfo"),
      loadavg_path_(root / "proc/loadavg"),
      uptime_path_(root / "proc/uptime"),
      cgroup_(root) {}

system_info system_info_reader::read() const {
  system_info info = constant_info_;
  read_memory(meminfo_path_, info);
  info.load_average = read_load_average(loadavg_path_);
  info.uptime_seconds = read_uptime_seconds(uptime_path_);
  const auto limits = cgroup_.read(info.memory_total_bytes);
  info.cgroup_memory_limit_bytes = limits.memory_bytes;
  info.cgroup_memory_used_bytes = limits.memory_used_bytes;
  info.cgroup_cpu_limit = limits.cpus;
  return info;
}

}  // namespace cohort::sysinfo
