// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/services/sysinfo/root_directory.hpp"

namespace cohort::sysinfo {

TEST_CASE("cgroup: in a v2 namespace the limits are in the root of the mount", "[services][sysinfo]") {
  const root_directory root{{"proc/meminfo", meminfo_16_gib},
                            {"proc/self/cgroup", "0::/\n"},
                            {"sys/fs/cgroup/cgroup.controllers", "cpu memory\n"},
                            {"sys/fs/cgroup/memory.max", "536870912\n"},
                            {"sys/fs/cgroup/cpu.max", "50000 100000\n"}};
  const auto info = root.read();
  CHECK(info.cgroup_memory_limit_bytes == 512 * mib);
  CHECK(info.cgroup_cpu_limit == 0.5);
  CHECK(info.memory_total_bytes == 16 * gib);
  CHECK(info.memory_available_bytes == 8 * gib);
}

TEST_CASE("cgroup: a v2 limit applies to descendant groups", "[services][sysinfo]") {
  root_directory root{{"proc/meminfo", meminfo_16_gib},
                      {"proc/self/cgroup", "0::/kube.slice/pod-a:b/app\n"},
                      {"sys/fs/cgroup/cgroup.controllers", "cpu memory\n"},
                      {"sys/fs/cgroup/kube.slice/memory.max", "max\n"},
                      {"sys/fs/cgroup/kube.slice/cpu.max", "max 100000\n"},
                      {"sys/fs/cgroup/kube.slice/pod-a:b/memory.max", "1073741824\n"},
                      {"sys/fs/cgroup/kube.slice/pod-a:b/cpu.max", "300000 100000\n"},
                      {"sys/fs/cgroup/kube.slice/pod-a:b/app/memory.max", "2147483648\n"},
                      {"sys/fs/cgroup/kube.slice/pod-a:b/app/cpu.max", "400000 200000\n"},
                      {"sys/fs/cgroup/kube.slice/other/memory.max", "1024\n"}};
  CHECK(root.read().cgroup_memory_limit_bytes == 1 * gib);
  CHECK(root.read().cgroup_cpu_limit == 2.0);

  root.write("sys/fs/cgroup/kube.slice/memory.max", "536870912\n");
  root.write("sys/fs/cgroup/kube.slice/cpu.max", "25000 100000\n");
  CHECK(root.read().cgroup_memory_limit_bytes == 512 * mib);
  CHECK(root.read().cgroup_cpu_limit == 0.25);
}

TEST_CASE("cgroup: v2 limits that have no effect are ignored", "[services][sysinfo]") {
  struct row {
    std::string_view memory_max;
    std::string_view cpu_max;
  };
  const auto [memory_max, cpu_max] =
      GENERATE(row{"max\n", "max 100000\n"}, row{"17179869184\n", "0 100000\n"}, row{"99179869184\n", "50000 0\n"},
               row{"-5\n", "-1 100000\n"}, row{"99999999999999999999999\n", "99999999999999999999999 100000\n"},
               row{"", "50000\n"}, row{"12 34\n", "50000 100000 7\n"});
  CAPTURE(memory_max, cpu_max);
  const root_directory root{{"proc/meminfo", meminfo_16_gib},
                            {"proc/self/cgroup", "0::/\n"},
                            {"sys/fs/cgroup/cgroup.controllers", "cpu memory\n"},
                            {"sys/fs/cgroup/memory.max", memory_max},
                            {"sys/fs/cgroup/cpu.max", cpu_max}};
  CHECK_FALSE(root.read().cgroup_memory_limit_bytes);
  CHECK_FALSE(root.read().cgroup_cpu_limit);
}

TEST_CASE("cgroup: a memory limit just below the machine's memory is reported", "[services][sysinfo]") {
  const root_directory root{{"proc/meminfo", meminfo_16_gib},
                            {"proc/self/cgroup", "0::/\n"},
                            {"sys/fs/cgroup/cgroup.controllers", "memory\n"},
                            {"sys/fs/cgroup/memory.max", "17179865088\n"}};
  CHECK(root.read().cgroup_memory_limit_bytes == 16 * gib - 4 * kib);
}

TEST_CASE("cgroup: a memory limit is reported if the machine's memory is unknown", "[services][sysinfo]") {
  const root_directory root{{"proc/self/cgroup", "0::/\n"},
                            {"sys/fs/cgroup/cgroup.controllers", "memory\n"},
                            {"sys/fs/cgroup/memory.max", "1073741824\n"}};
  CHECK(root.read().cgroup_memory_limit_bytes == 1 * gib);
}

TEST_CASE("cgroup: for a group outside the namespace the limits of the root apply", "[services][sysinfo]") {
  const root_directory root{{"proc/meminfo", meminfo_16_gib},
                            {"proc/self/cgroup", "0::/../sibling\n"},
                            {"sys/fs/cgroup/cgroup.controllers", "memory\n"},
                            {"sys/fs/cgroup/memory.max", "1073741824\n"},
                            {"sys/fs/sibling/memory.max", "1024\n"}};
  CHECK(root.read().cgroup_memory_limit_bytes == 1 * gib);
}

TEST_CASE("cgroup: v1 limits are read from each controller's mount", "[services][sysinfo]") {
  const auto* const cpu_mount = GENERATE("cpu", "cpu,cpuacct");
  const auto cpu = std::string("sys/fs/cgroup/") + cpu_mount;
  root_directory root{
      {"proc/meminfo", meminfo_16_gib},
      {"proc/self/cgroup", "9:name=systemd:/elsewhere\n7:cpuset:/elsewhere\n5:cpuacct,cpu:/app/web\n4:memory:/app\n"},
      {"sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"},
      {"sys/fs/cgroup/memory/app/memory.limit_in_bytes", "268435456\n"},
      {cpu + "/cpu.cfs_quota_us", "-1\n"},
      {cpu + "/cpu.cfs_period_us", "100000\n"},
      {cpu + "/app/cpu.cfs_quota_us", "75000\n"},
      {cpu + "/app/cpu.cfs_period_us", "50000\n"},
      {cpu + "/app/web/cpu.cfs_quota_us", "200000\n"},
      {cpu + "/app/web/cpu.cfs_period_us", "100000\n"}};
  CHECK(root.read().cgroup_memory_limit_bytes == 256 * mib);
  CHECK(root.read().cgroup_cpu_limit == 1.5);
}

TEST_CASE("cgroup: in a v1 container without a namespace the limits are in the root of the mount",
          "[services][sysinfo]") {
  // The group docker/4f2a below the mount belongs to a container inside this container.
  const root_directory root{{"proc/meminfo", meminfo_16_gib},
                            {"proc/self/cgroup", "5:cpu,cpuacct:/docker/4f2a\n4:memory:/docker/4f2a\n0::/\n"},
                            {"sys/fs/cgroup/memory/memory.limit_in_bytes", "268435456\n"},
                            {"sys/fs/cgroup/memory/docker/memory.limit_in_bytes", "4096\n"},
                            {"sys/fs/cgroup/cpu/cpu.cfs_quota_us", "25000\n"},
                            {"sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"}};
  CHECK(root.read().cgroup_memory_limit_bytes == 256 * mib);
  CHECK(root.read().cgroup_cpu_limit == 0.25);
}

TEST_CASE("cgroup: the largest number of v1 means unlimited", "[services][sysinfo]") {
  const auto* const unlimited = GENERATE("9223372036854771712\n", "9223372036854710272\n", "4611686018427387904\n");
  const auto meminfo = GENERATE(meminfo_16_gib, std::string_view{});
  const root_directory root{{"proc/meminfo", meminfo},
                            {"proc/self/cgroup", "5:cpu:/\n4:memory:/\n"},
                            {"sys/fs/cgroup/memory/memory.limit_in_bytes", unlimited},
                            {"sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n"},
                            {"sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"}};
  CHECK_FALSE(root.read().cgroup_memory_limit_bytes);
  CHECK_FALSE(root.read().cgroup_cpu_limit);
}

TEST_CASE("cgroup: in the hybrid layout each controller is found in its own hierarchy", "[services][sysinfo]") {
  const root_directory root{{"proc/meminfo", meminfo_16_gib},
                            {"proc/self/cgroup", "4:memory:/app\n1:name=systemd:/app\n0::/unit\n"},
                            {"sys/fs/cgroup/memory/app/memory.limit_in_bytes", "268435456\n"},
                            {"sys/fs/cgroup/unified/cgroup.controllers", "cpu\n"},
                            {"sys/fs/cgroup/unified/unit/memory.max", "4096\n"},
                            {"sys/fs/cgroup/unified/unit/cpu.max", "50000 100000\n"}};
  CHECK(root.read().cgroup_memory_limit_bytes == 256 * mib);
  CHECK(root.read().cgroup_cpu_limit == 0.5);
}

TEST_CASE("cgroup: a v1 controller that is not mounted has no limit", "[services][sysinfo]") {
  const root_directory root{{"proc/self/cgroup", "5:cpu:/\n4:memory:/\n0::/\n"},
                            {"sys/fs/cgroup/cgroup.controllers", "\n"},
                            {"sys/fs/cgroup/memory.max", "4096\n"},
                            {"sys/fs/cgroup/cpu.max", "50000 100000\n"}};
  CHECK_FALSE(root.read().cgroup_memory_limit_bytes);
  CHECK_FALSE(root.read().cgroup_cpu_limit);
}

}  // namespace cohort::sysinfo
