// SPDX-License-Identifier: BSL-1.0
#include "services/sysinfo/system_info.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>

#include "tests/unit/services/sysinfo/root_directory.hpp"

namespace cohort::sysinfo {
namespace {

/// Returns the content of /proc/cpuinfo for two packages with two cores of two threads each. Core IDs repeat in both
/// packages. With the flags of the processor, the content is longer than a page, as on real machines.
std::string two_socket_cpuinfo() {
  std::string text;
  for (int cpu = 0; cpu < 8; ++cpu) {
    text += "processor\t: " + std::to_string(cpu) + "\nvendor_id\t: GenuineIntel\nmodel\t\t: 106\n" +
            "model name\t: Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz\nphysical id\t: " + std::to_string(cpu / 2 % 2) +
            "\ncore id\t\t: " + std::to_string(cpu % 2) + "\nflags\t\t: " + std::string(1500, 'x') +
            "\npower management:\n\n";
  }
  return text;
}

constexpr std::string_view raspberry_pi_cpuinfo =
    "processor\t: 0\nBogoMIPS\t: 108.00\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU part\t: 0xd08\n\n"
    "processor\t: 1\nBogoMIPS\t: 108.00\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU part\t: 0xd08\n\n"
    "Revision\t: c03112\nModel\t\t: Raspberry Pi 4 Model B Rev 1.2\n";

}  // namespace

TEST_CASE("system info: kernel names are returned without the final line feed", "[services][sysinfo]") {
  const root_directory root{{"proc/sys/kernel/hostname", "build-7\n"},
                            {"proc/sys/kernel/ostype", "Linux\n"},
                            {"proc/sys/kernel/osrelease", "6.1.0-18-amd64\n"},
                            {"proc/sys/kernel/version", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1 (2024-02-01)\n"}};
  const auto info = root.read();
  CHECK(info.hostname == "build-7");
  CHECK(info.platform == "Linux");
  CHECK(info.platform_release == "6.1.0-18-amd64");
  CHECK(info.platform_version == "#1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1 (2024-02-01)");
  CHECK(info.architecture == "riscv64");
}

TEST_CASE("system info: values from missing files are unknown", "[services][sysinfo]") {
  const auto info = root_directory{}.read();
  CHECK(info.hostname == "Unknown");
  CHECK(info.platform == "Unknown");
  CHECK(info.platform_release == "Unknown");
  CHECK(info.platform_version == "Unknown");
  CHECK(info.processor == "Unknown");
  CHECK(info.cpu_count == 0);
  CHECK(info.cpu_count_physical == 0);
  CHECK(info.memory_total_bytes == 0);
  CHECK(info.memory_available_bytes == 0);
  CHECK(info.load_average == std::array<double, 3>{});
  CHECK(info.uptime_seconds == 0);
  CHECK_FALSE(info.cgroup_memory_limit_bytes);
  CHECK_FALSE(info.cgroup_cpu_limit);
}

TEST_CASE("system info: values from malformed files are unknown", "[services][sysinfo]") {
  const auto* const text = GENERATE("\n", "nonsense", "processor\n:\n::\n0::\n: :", "-1 -1 -1", "nan", "inf inf inf",
                                    "1e999", ",-,--,0x10:0-,\n\n\n");
  CAPTURE(text);
  root_directory root;
  for (const auto* path : {"proc/cpuinfo", "proc/meminfo", "proc/loadavg", "proc/uptime", "proc/self/cgroup",
                           "sys/devices/system/cpu/online", "sys/fs/cgroup/cgroup.controllers",
                           "sys/fs/cgroup/memory.max", "sys/fs/cgroup/cpu.max"}) {
    root.write(path, text);
  }
  const auto info = root.read();
  CHECK(info.processor == "Unknown");
  CHECK(info.cpu_count == 0);
  CHECK(info.cpu_count_physical == 0);
  CHECK(info.memory_total_bytes == 0);
  CHECK(info.memory_available_bytes == 0);
  CHECK(info.load_average == std::array<double, 3>{});
  CHECK(info.uptime_seconds == 0);
  CHECK_FALSE(info.cgroup_memory_limit_bytes);
  CHECK_FALSE(info.cgroup_cpu_limit);
}

TEST_CASE("system info: a directory instead of a file is treated as a missing file", "[services][sysinfo]") {
  root_directory root;
  root.make_directory("proc/meminfo");
  root.make_directory("proc/cpuinfo");
  root.make_directory("proc/sys/kernel/hostname");
  const auto info = root.read();
  CHECK(info.memory_total_bytes == 0);
  CHECK(info.processor == "Unknown");
  CHECK(info.hostname == "Unknown");
}

TEST_CASE("cpu topology: cores are counted by package and core ID", "[services][sysinfo]") {
  const root_directory root{{"proc/cpuinfo", two_socket_cpuinfo()}, {"sys/devices/system/cpu/online", "0-7\n"}};
  const auto info = root.read();
  CHECK(info.processor == "Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz");
  CHECK(info.cpu_count == 8);
  CHECK(info.cpu_count_physical == 4);
}

TEST_CASE("cpu topology: sysfs takes precedence over cpuinfo", "[services][sysinfo]") {
  const auto* const file = GENERATE("core_cpus_list", "thread_siblings_list");
  root_directory root{{"proc/cpuinfo", two_socket_cpuinfo()}, {"sys/devices/system/cpu/online", "0-1,4-5"}};
  for (const auto* cpu : {"0", "1"})
    root.write(std::string("sys/devices/system/cpu/cpu") + cpu + "/topology/" + file, "0-1\n");
  for (const auto* cpu : {"4", "5"})
    root.write(std::string("sys/devices/system/cpu/cpu") + cpu + "/topology/" + file, "4-5\n");
  CHECK(root.read().cpu_count_physical == 2);

  root.remove(std::string("sys/devices/system/cpu/cpu5/topology/") + file);
  CHECK(root.read().cpu_count_physical == 4);
}

TEST_CASE("cpu topology: the list of online CPUs can have gaps", "[services][sysinfo]") {
  struct row {
    std::string_view online;
    unsigned count;
  };
  const auto [online, count] = GENERATE(row{"0\n", 1}, row{"0-3,5\n", 5}, row{"0,2,4-5,7\n", 5}, row{"", 0},
                                        row{"3-0", 0}, row{"0-3,2", 0}, row{"0-3,", 4}, row{"0-4294967295", 0},
                                        row{"0-65536", 0}, row{"0,3-2", 0}, row{"0-", 0}, row{"0-1-2", 0});
  CAPTURE(online);
  const root_directory root{{"sys/devices/system/cpu/online", online}};
  CHECK(root.read().cpu_count == count);
  CHECK(root.read().cpu_count_physical == count);
}

TEST_CASE("cpu topology: without sysfs the CPUs of cpuinfo are counted", "[services][sysinfo]") {
  CHECK(root_directory{{"proc/cpuinfo", two_socket_cpuinfo()}}.read().cpu_count == 8);
  CHECK(root_directory{{"proc/cpuinfo", raspberry_pi_cpuinfo}}.read().cpu_count == 2);
}

TEST_CASE("cpu topology: without topology data every logical CPU counts as a core", "[services][sysinfo]") {
  const auto info = root_directory{{"proc/cpuinfo", raspberry_pi_cpuinfo}}.read();
  CHECK(info.cpu_count == 2);
  CHECK(info.cpu_count_physical == 2);
}

TEST_CASE("memory: sizes are in bytes", "[services][sysinfo]") {
  const auto info = root_directory{{"proc/meminfo", meminfo_16_gib}}.read();
  CHECK(info.memory_total_bytes == 16 * gib);
  CHECK(info.memory_available_bytes == 8 * gib);
}

TEST_CASE("memory: without MemAvailable, available memory is the sum of free, buffered and cached memory",
          "[services][sysinfo]") {
  const auto info = root_directory{{"proc/meminfo",
                                    "MemTotal: 16777216 kB\nMemFree: 1048576 kB\nBuffers: 524288 kB\n"
                                    "Cached: 2097152 kB\nSwapCached: 7 kB\n"}}
                        .read();
  CHECK(info.memory_available_bytes == 3584 * mib);
}

TEST_CASE("memory: available memory is at most the total", "[services][sysinfo]") {
  const auto info = root_directory{{"proc/meminfo", "MemTotal: 1024 kB\nMemAvailable: 2048 kB\n"}}.read();
  CHECK(info.memory_available_bytes == 1024 * kib);
}

TEST_CASE("memory: zero available memory is a known value", "[services][sysinfo]") {
  const auto info = root_directory{{"proc/meminfo", "MemTotal: 1024 kB\nMemFree: 512 kB\nMemAvailable: 0 kB\n"}}.read();
  CHECK(info.memory_available_bytes == 0);
}

TEST_CASE("memory: an overflowing size is malformed", "[services][sysinfo]") {
  const auto info = root_directory{{"proc/meminfo", "MemTotal: 18014398509481985 kB\nMemAvailable: 1 kB\n"}}.read();
  CHECK(info.memory_total_bytes == 0);
  CHECK(info.memory_available_bytes == 0);
}

TEST_CASE("system info: load and uptime are the first numbers of their files", "[services][sysinfo]") {
  const auto info =
      root_directory{{"proc/loadavg", "0.52 1.58 10.59 2/389 12345\n"}, {"proc/uptime", "350735.47 234388.90\n"}}
          .read();
  CHECK(info.load_average == std::array{0.52, 1.58, 10.59});
  CHECK(info.uptime_seconds == 350735.47);
}

TEST_CASE("system info: an incomplete load average is zero", "[services][sysinfo]") {
  CHECK(root_directory{{"proc/loadavg", "0.52 1.58"}}.read().load_average == std::array<double, 3>{});
}

TEST_CASE("system info: constant values are read once, and variable values are read on each call",
          "[services][sysinfo]") {
  root_directory root{{"proc/sys/kernel/hostname", "first\n"}, {"proc/meminfo", meminfo_16_gib},
                      {"proc/loadavg", "1 1 1 1/1 1\n"},       {"proc/uptime", "10.00 1.00\n"},
                      {"proc/self/cgroup", "0::/\n"},          {"sys/fs/cgroup/cgroup.controllers", "cpu memory\n"},
                      {"sys/fs/cgroup/memory.max", "max\n"}};
  const system_info_reader reader(root.root(), "x86_64");
  CHECK_FALSE(reader.read().cgroup_memory_limit_bytes);

  root.write("proc/sys/kernel/hostname", "second\n");
  root.write("proc/meminfo", "MemTotal: 16777216 kB\nMemAvailable: 1048576 kB\n");
  root.write("proc/loadavg", "2 2 2 1/1 1\n");
  root.write("proc/uptime", "11.00 1.00\n");
  root.write("sys/fs/cgroup/memory.max", "1073741824\n");
  root.write("sys/fs/cgroup/cpu.max", "150000 100000\n");
  const auto info = reader.read();
  CHECK(info.hostname == "first");
  CHECK(info.memory_available_bytes == 1 * gib);
  CHECK(info.load_average == std::array{2.0, 2.0, 2.0});
  CHECK(info.uptime_seconds == 11);
  CHECK(info.cgroup_memory_limit_bytes == 1 * gib);
  CHECK(info.cgroup_cpu_limit == 1.5);
}

TEST_CASE("system info: values agree with those of system calls", "[services][sysinfo]") {
  utsname names{};
  REQUIRE(::uname(&names) == 0);
  const auto info = system_info_reader().read();
  CHECK(info.hostname == names.nodename);
  CHECK(info.platform == names.sysname);
  CHECK(info.platform_release == names.release);
  CHECK(info.platform_version == names.version);
  CHECK(info.architecture == names.machine);
  CHECK_FALSE(info.processor.empty());
  CHECK(info.cpu_count == static_cast<unsigned>(::sysconf(_SC_NPROCESSORS_ONLN)));
  CHECK(info.cpu_count_physical >= 1);
  CHECK(info.cpu_count_physical <= info.cpu_count);
  CHECK(info.memory_total_bytes > 16 * mib);
  CHECK(info.memory_available_bytes > 0);
  CHECK(info.memory_available_bytes <= info.memory_total_bytes);
  CHECK(info.uptime_seconds > 0);
  CHECK(info.load_average[0] >= 0);
  CHECK(info.cgroup_memory_limit_bytes.value_or(0) < info.memory_total_bytes);
  CHECK(info.cgroup_cpu_limit.value_or(1) > 0);
}

}  // namespace cohort::sysinfo
