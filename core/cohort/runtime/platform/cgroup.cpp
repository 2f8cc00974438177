// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/platform/cgroup.hpp>

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <system_error>

#include <cohort/runtime/platform/proc_file.hpp>

namespace cohort::platform {
namespace {

namespace fs = std::filesystem;

/// In cgroup v1, a value of at least this number means "no limit": the kernel reports the largest page-aligned number,
/// which depends on the page size. Source: PAGE_COUNTER_MAX in the kernel's include/linux/page_counter.h.
constexpr std::uint64_t unlimited_memory_bytes = std::uint64_t{1} << 62;

/// A buffer for two 20-digit numbers, a space and a newline.
using limit_buffer = std::array<char, 64>;

/// The directories of the process's cgroup and of its ancestors, and the cgroup version of their files.
struct hierarchy {
  bool is_v2 = false;
  std::vector<fs::path> groups;
};

bool directory_exists(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

bool contains_controller(std::string_view controllers, std::string_view controller) {
  while (!controllers.empty()) {
    if (consume_field(controllers, ',') == controller) return true;
  }
  return false;
}

/// The path of the process's cgroup in `controller`'s v1 hierarchy, or in the v2 hierarchy if `controller` is empty:
/// the third field of a line in /proc/self/cgroup. The field may contain colons. Source: cgroups(7), /proc/pid/cgroup.
std::optional<std::string_view> find_group(std::string_view proc_self_cgroup, std::string_view controller) {
  while (!proc_self_cgroup.empty()) {
    auto group = consume_field(proc_self_cgroup, '\n');
    const auto hierarchy_id = consume_field(group, ':');
    const auto controllers = consume_field(group, ':');
    if (controller.empty() ? hierarchy_id == "0" : contains_controller(controllers, controller)) return group;
  }
  return std::nullopt;
}

/// The directories of `group` and its ancestors, from the root of the mount down. Returns only the root if the
/// directory of the group is not visible. In a container without a cgroup namespace, the path is the path of the host,
/// but the group is mounted as the root. A path with ".." is outside the namespace (cgroup_namespaces(7)).
std::vector<fs::path> enclosing_groups(const fs::path& mount, std::string_view group) {
  std::vector<fs::path> groups{mount};
  for (const auto& name : fs::path(group).relative_path()) {
    if (name == "..") return {mount};
    groups.push_back(groups.back() / name);
  }
  if (!directory_exists(groups.back())) return {mount};
  return groups;
}

/// The v2 mount: `mounts` itself, or `unified` in systemd's hybrid layout. Every v2 group has a cgroup.controllers
/// file; the tmpfs at the top of the hybrid layout has none. Source: cgroup-v2.rst, "Core Interface Files".
fs::path v2_mount(const fs::path& mounts) {
  std::error_code ignored;
  return fs::exists(mounts / "cgroup.controllers", ignored) ? mounts : mounts / "unified";
}

/// The hierarchy to which `controller` is attached: v2 if no v1 line lists the controller. Source: cgroup-v2.rst,
/// "Mounting".
hierarchy find_hierarchy(std::string_view controller, std::span<const std::string_view> v1_mounts,
                         std::string_view proc_self_cgroup, const fs::path& mounts) {
  const auto v1_group = find_group(proc_self_cgroup, controller);
  if (!v1_group) {
    const auto v2_group = find_group(proc_self_cgroup, "");
    return {.is_v2 = true, .groups = enclosing_groups(v2_mount(mounts), v2_group.value_or("/"))};
  }
  for (const auto name : v1_mounts) {
    const auto mount = mounts / name;
    if (directory_exists(mount)) return {.is_v2 = false, .groups = enclosing_groups(mount, *v1_group)};
  }
  return {};
}

template <class T>
void update_minimum(std::optional<T>& minimum, T limit) noexcept {
  minimum = minimum ? std::min(*minimum, limit) : limit;
}

/// Returns the quota in CPUs, or an empty optional for v2's "max" and v1's -1, which mean unlimited.
std::optional<double> quota_in_cpus(std::string_view quota, std::string_view period) noexcept {
  const auto quota_us = parse_number<std::uint64_t>(trim(quota));
  const auto period_us = parse_number<std::uint64_t>(trim(period));
  if (!quota_us || !period_us || *quota_us == 0 || *period_us == 0) return std::nullopt;
  return static_cast<double>(*quota_us) / static_cast<double>(*period_us);
}

/// Returns the value of `key` in memory.stat, whose lines are "key value", or zero if there is none.
std::uint64_t memory_stat(std::string_view text, std::string_view key) noexcept {
  while (!text.empty()) {
    auto line = consume_field(text, '\n');
    if (consume_field(line, ' ') == key) return parse_number<std::uint64_t>(line).value_or(0);
  }
  return 0;
}

}  // namespace

cgroup_reader::cgroup_reader(const fs::path& root) {
  constexpr std::array<std::string_view, 1> memory_mounts{"memory"};
  constexpr std::array<std::string_view, 2> cpu_mounts{"cpu", "cpu,cpuacct"};
  const auto mounts = root / "sys/fs/cgroup";
  const auto proc_self_cgroup = read_file(root / "proc/self/cgroup");

  const auto memory = find_hierarchy("memory", memory_mounts, proc_self_cgroup, mounts);
  for (const auto& group : memory.groups) {
    if (memory.is_v2)
      memory_files_.push_back({.limit = group / "memory.max",
                               .usage = group / "memory.current",
                               .stat = group / "memory.stat",
                               .inactive_file_key = "inactive_file"});
    else
      memory_files_.push_back({.limit = group / "memory.limit_in_bytes",
                               .usage = group / "memory.usage_in_bytes",
                               .stat = group / "memory.stat",
                               .inactive_file_key = "total_inactive_file"});
  }
  const auto cpu = find_hierarchy("cpu", cpu_mounts, proc_self_cgroup, mounts);
  for (const auto& group : cpu.groups) {
    if (cpu.is_v2)
      cpu_files_.push_back({.quota = group / "cpu.max", .period = {}});
    else
      cpu_files_.push_back({.quota = group / "cpu.cfs_quota_us", .period = group / "cpu.cfs_period_us"});
  }
}

cgroup_limits cgroup_reader::read(std::uint64_t memory_total_bytes) const noexcept {
  const auto unlimited_bytes = memory_total_bytes == 0 ? unlimited_memory_bytes : memory_total_bytes;
  cgroup_limits limits;
  limit_buffer text;
  const memory_files* limiting_group = nullptr;
  for (const auto& files : memory_files_) {
    const auto bytes = parse_number<std::uint64_t>(trim(read_prefix(files.limit, text)));
    if (!bytes || *bytes >= limits.memory_bytes.value_or(unlimited_bytes)) continue;
    limits.memory_bytes = *bytes;
    limiting_group = &files;
  }
  if (limiting_group) {
    std::array<char, 8192> stat_text;
    const auto usage = parse_number<std::uint64_t>(trim(read_prefix(limiting_group->usage, text)));
    const auto inactive_file_bytes =
        memory_stat(read_prefix(limiting_group->stat, stat_text), limiting_group->inactive_file_key);
    if (usage) limits.memory_used_bytes = *usage - std::min(*usage, inactive_file_bytes);
  }
  limit_buffer period_text;
  for (const auto& file : cpu_files_) {
    auto quota_text = read_prefix(file.quota, text);
    const auto quota = consume_field(quota_text, ' ');
    const auto period = file.period.empty() ? quota_text : read_prefix(file.period, period_text);
    if (const auto limit = quota_in_cpus(quota, period)) update_minimum(limits.cpus, *limit);
  }
  return limits;
}

}  // namespace cohort::platform
