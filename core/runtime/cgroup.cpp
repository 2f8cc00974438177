#include "core/runtime/cgroup.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <system_error>

#include "core/runtime/proc_file.hpp"

namespace cohort::proc {
namespace {

namespace fs = std::filesystem;

/// Cgroup v1 has no word for "no limit": it shows the largest page-aligned number, which depends on the page size.
/// No machine has this much memory. Source: PAGE_COUNTER_MAX in the kernel's include/linux/page_counter.h.
constexpr std::uint64_t no_memory_limit = std::uint64_t{1} << 62;

/// Two 20-digit numbers, a blank and a line end.
using limit_text = std::array<char, 64>;

/// The directories of the own group and of those around it, and which version's files they hold.
struct hierarchy {
  bool is_v2 = false;
  std::vector<fs::path> groups;
};

bool directory_exists(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

bool names(std::string_view controllers, std::string_view controller) {
  while (!controllers.empty()) {
    if (take_until(controllers, ',') == controller) return true;
  }
  return false;
}

/// The third field of the line for `controller`'s v1 hierarchy, or of the v2 line if `controller` is empty. Colons
/// separate only the first two fields: a group's name may hold more. Source: cgroups(7), /proc/pid/cgroup.
std::optional<std::string_view> membership(std::string_view proc_self_cgroup, std::string_view controller) {
  while (!proc_self_cgroup.empty()) {
    auto group = take_until(proc_self_cgroup, '\n');
    const auto hierarchy_id = take_until(group, ':');
    const auto controllers = take_until(group, ':');
    if (controller.empty() ? hierarchy_id == "0" : names(controllers, controller)) return group;
  }
  return std::nullopt;
}

/// `group` and those around it, up to the mount's root. A group that cannot be reached from here leaves the root alone:
/// a container without a cgroup namespace knows its group by the host's path, yet has it mounted as the root; and a
/// path with ".." lies outside the namespace (cgroup_namespaces(7)).
std::vector<fs::path> enclosing_groups(const fs::path& mount, std::string_view group) {
  std::vector<fs::path> groups{mount};
  for (const auto& name : fs::path(group).relative_path()) {
    if (name == "..") return {mount};
    groups.push_back(groups.back() / name);
  }
  if (!directory_exists(groups.back())) return {mount};
  return groups;
}

/// systemd's hybrid layout has v2 beside the v1 mounts, at `unified`. Every group but that layout's tmpfs at the top
/// has a cgroup.controllers file. Source: cgroup-v2.rst, "Core Interface Files".
fs::path v2_mount(const fs::path& mounts) {
  std::error_code ignored;
  return fs::exists(mounts / "cgroup.controllers", ignored) ? mounts : mounts / "unified";
}

/// A controller belongs to one hierarchy at a time: to v2's if no v1 line names it. Source: cgroup-v2.rst, "Mounting".
hierarchy hierarchy_of(std::string_view controller, std::span<const std::string_view> v1_mounts,
                       std::string_view proc_self_cgroup, const fs::path& mounts) {
  const auto v1_group = membership(proc_self_cgroup, controller);
  if (!v1_group) {
    const auto v2_group = membership(proc_self_cgroup, "");
    return {.is_v2 = true, .groups = enclosing_groups(v2_mount(mounts), v2_group.value_or("/"))};
  }
  for (const auto name : v1_mounts) {
    const auto mount = mounts / name;
    if (directory_exists(mount)) return {.is_v2 = false, .groups = enclosing_groups(mount, *v1_group)};
  }
  return {};
}

template <class T>
void lower(std::optional<T>& smallest, T limit) noexcept {
  smallest = smallest ? std::min(*smallest, limit) : limit;
}

/// How many CPUs' time the quota is; nothing for v2's "max" and v1's -1, which both mean unlimited.
std::optional<double> cpus(std::string_view quota, std::string_view period) noexcept {
  const auto quota_us = number<std::uint64_t>(trimmed(quota));
  const auto period_us = number<std::uint64_t>(trimmed(period));
  if (!quota_us || !period_us || *quota_us == 0 || *period_us == 0) return std::nullopt;
  return static_cast<double>(*quota_us) / static_cast<double>(*period_us);
}

}  // namespace

cgroup_reader::cgroup_reader(const fs::path& root) {
  constexpr std::array<std::string_view, 1> memory_mounts{"memory"};
  constexpr std::array<std::string_view, 2> cpu_mounts{"cpu", "cpu,cpuacct"};
  const auto mounts = root / "sys/fs/cgroup";
  const auto proc_self_cgroup = read_whole(root / "proc/self/cgroup");

  const auto memory = hierarchy_of("memory", memory_mounts, proc_self_cgroup, mounts);
  for (const auto& group : memory.groups) {
    memory_files_.push_back(group / (memory.is_v2 ? "memory.max" : "memory.limit_in_bytes"));
  }
  const auto cpu = hierarchy_of("cpu", cpu_mounts, proc_self_cgroup, mounts);
  for (const auto& group : cpu.groups) {
    if (cpu.is_v2)
      cpu_files_.push_back({.quota = group / "cpu.max", .period = {}});
    else
      cpu_files_.push_back({.quota = group / "cpu.cfs_quota_us", .period = group / "cpu.cfs_period_us"});
  }
}

cgroup_limits cgroup_reader::read(std::uint64_t memory_total_bytes) const noexcept {
  const auto no_limit = memory_total_bytes == 0 ? no_memory_limit : memory_total_bytes;
  cgroup_limits limits;
  limit_text text;
  for (const auto& file : memory_files_) {
    const auto bytes = number<std::uint64_t>(trimmed(read_into(file, text)));
    if (bytes && *bytes < no_limit) lower(limits.memory_bytes, *bytes);
  }
  limit_text period_text;
  for (const auto& file : cpu_files_) {
    auto rest = read_into(file.quota, text);
    const auto quota = take_until(rest, ' ');
    const auto limit = cpus(quota, file.period.empty() ? rest : read_into(file.period, period_text));
    if (limit) lower(limits.cpus, *limit);
  }
  return limits;
}

}  // namespace cohort::proc
