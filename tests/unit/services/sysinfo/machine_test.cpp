#include "services/sysinfo/machine.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cstdlib>
#include <fstream>
#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace cohort::sysinfo {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kib = 1024;
constexpr std::uint64_t mib = 1024 * kib;
constexpr std::uint64_t gib = 1024 * mib;

/// A filesystem root that lives as long as the test.
class tree {
 public:
  using file = std::pair<std::string_view, std::string_view>;

  tree(std::initializer_list<file> files = {}) : root_((fs::temp_directory_path() / "machine_test.XXXXXX").string()) {
    if (::mkdtemp(root_.data()) == nullptr) throw std::runtime_error("no temporary directory");
    for (const auto& [path, text] : files) write(path, text);
  }
  ~tree() {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }
  tree(const tree&) = delete;
  tree& operator=(const tree&) = delete;

  void write(std::string_view path, std::string_view text) {
    const auto target = fs::path(root_) / path;
    fs::create_directories(target.parent_path());
    std::ofstream(target) << text;
  }
  void make_directory(std::string_view path) { fs::create_directories(fs::path(root_) / path); }
  void remove(std::string_view path) { fs::remove(fs::path(root_) / path); }

  machine read() const { return machine_reader(root_, "riscv64").read(); }
  const std::string& root() const { return root_; }

 private:
  std::string root_;
};

constexpr std::string_view meminfo_of_16_gib =
    "MemTotal:       16777216 kB\n"
    "MemFree:         1048576 kB\n"
    "MemAvailable:    8388608 kB\n"
    "Buffers:          524288 kB\n"
    "Cached:          2097152 kB\n"
    "SwapCached:            7 kB\n";

/// Two packages with two cores of two threads each; core ids repeat from one package to the other. As in life, the
/// flags make it longer than a page.
std::string cpuinfo_of_two_sockets() {
  std::string text;
  for (int cpu = 0; cpu < 8; ++cpu) {
    text += "processor\t: " + std::to_string(cpu) + "\nvendor_id\t: GenuineIntel\nmodel\t\t: 106\n" +
            "model name\t: Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz\nphysical id\t: " + std::to_string(cpu / 2 % 2) +
            "\ncore id\t\t: " + std::to_string(cpu % 2) + "\nflags\t\t: " + std::string(1500, 'x') +
            "\npower management:\n\n";
  }
  return text;
}

constexpr std::string_view cpuinfo_of_raspberry_pi =
    "processor\t: 0\nBogoMIPS\t: 108.00\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU part\t: 0xd08\n\n"
    "processor\t: 1\nBogoMIPS\t: 108.00\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU part\t: 0xd08\n\n"
    "Revision\t: c03112\nModel\t\t: Raspberry Pi 4 Model B Rev 1.2\n";

}  // namespace

TEST_CASE("the kernel's names are read without their line ends", "[sysinfo]") {
  const tree root{{"proc/sys/kernel/hostname", "build-7\n"},
                  {"proc/sys/kernel/ostype", "Linux\n"},
                  {"proc/sys/kernel/osrelease", "6.1.0-18-amd64\n"},
                  {"proc/sys/kernel/version", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1 (2024-02-01)\n"}};
  const auto found = root.read();
  CHECK(found.hostname == "build-7");
  CHECK(found.platform == "Linux");
  CHECK(found.platform_release == "6.1.0-18-amd64");
  CHECK(found.platform_version == "#1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1 (2024-02-01)");
  CHECK(found.architecture == "riscv64");
}

TEST_CASE("an empty root gives every documented fallback", "[sysinfo]") {
  const auto found = tree{}.read();
  CHECK(found.hostname == "Unknown");
  CHECK(found.platform == "Unknown");
  CHECK(found.platform_release == "Unknown");
  CHECK(found.platform_version == "Unknown");
  CHECK(found.processor == "Unknown");
  CHECK(found.cpu_count == 0);
  CHECK(found.cpu_count_physical == 0);
  CHECK(found.memory_total_bytes == 0);
  CHECK(found.memory_available_bytes == 0);
  CHECK(found.load_average == std::array<double, 3>{});
  CHECK(found.uptime_seconds == 0);
  CHECK_FALSE(found.cgroup_memory_limit_bytes);
  CHECK_FALSE(found.cgroup_cpu_limit);
}

TEST_CASE("malformed files give the same fallbacks as missing ones", "[sysinfo]") {
  const auto* const garbage = GENERATE("\n", "nonsense", "processor\n:\n::\n0::\n: :", "-1 -1 -1", "nan", "inf inf inf",
                                       "1e999", ",-,--,0x10:0-,\n\n\n");
  CAPTURE(garbage);
  tree root;
  for (const auto* path : {"proc/cpuinfo", "proc/meminfo", "proc/loadavg", "proc/uptime", "proc/self/cgroup",
                           "sys/devices/system/cpu/online", "sys/fs/cgroup/cgroup.controllers",
                           "sys/fs/cgroup/memory.max", "sys/fs/cgroup/cpu.max"}) {
    root.write(path, garbage);
  }
  const auto found = root.read();
  CHECK(found.processor == "Unknown");
  CHECK(found.cpu_count == 0);
  CHECK(found.cpu_count_physical == 0);
  CHECK(found.memory_total_bytes == 0);
  CHECK(found.memory_available_bytes == 0);
  CHECK(found.load_average == std::array<double, 3>{});
  CHECK(found.uptime_seconds == 0);
  CHECK_FALSE(found.cgroup_memory_limit_bytes);
  CHECK_FALSE(found.cgroup_cpu_limit);
}

TEST_CASE("a directory where a file should be reads as missing", "[sysinfo]") {
  tree root;
  root.make_directory("proc/meminfo");
  root.make_directory("proc/cpuinfo");
  root.make_directory("proc/sys/kernel/hostname");
  const auto found = root.read();
  CHECK(found.memory_total_bytes == 0);
  CHECK(found.processor == "Unknown");
  CHECK(found.hostname == "Unknown");
}

TEST_CASE("a core is told by its package and core id together", "[sysinfo][cpu]") {
  const tree root{{"proc/cpuinfo", cpuinfo_of_two_sockets()}, {"sys/devices/system/cpu/online", "0-7\n"}};
  const auto found = root.read();
  CHECK(found.processor == "Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz");
  CHECK(found.cpu_count == 8);
  CHECK(found.cpu_count_physical == 4);
}

TEST_CASE("sysfs's lists of siblings are preferred to cpuinfo's ids", "[sysinfo][cpu]") {
  const auto* const file = GENERATE("core_cpus_list", "thread_siblings_list");
  tree root{{"proc/cpuinfo", cpuinfo_of_two_sockets()}, {"sys/devices/system/cpu/online", "0-1,4-5"}};
  for (const auto* cpu : {"0", "1"})
    root.write(std::string("sys/devices/system/cpu/cpu") + cpu + "/topology/" + file, "0-1\n");
  for (const auto* cpu : {"4", "5"})
    root.write(std::string("sys/devices/system/cpu/cpu") + cpu + "/topology/" + file, "4-5\n");
  CHECK(root.read().cpu_count_physical == 2);

  root.remove(std::string("sys/devices/system/cpu/cpu5/topology/") + file);
  CHECK(root.read().cpu_count_physical == 4);
}

TEST_CASE("the list of online CPUs may have gaps", "[sysinfo][cpu]") {
  struct row {
    std::string_view online;
    unsigned count;
  };
  const auto [online, count] = GENERATE(row{"0\n", 1}, row{"0-3,5\n", 5}, row{"0,2,4-5,7\n", 5}, row{"", 0},
                                        row{"3-0", 0}, row{"0-3,2", 0}, row{"0-3,", 4}, row{"0-4294967295", 0},
                                        row{"0-65536", 0}, row{"0,3-2", 0}, row{"0-", 0}, row{"0-1-2", 0});
  CAPTURE(online);
  const tree root{{"sys/devices/system/cpu/online", online}};
  CHECK(root.read().cpu_count == count);
  CHECK(root.read().cpu_count_physical == count);
}

TEST_CASE("without sysfs the CPUs are those of cpuinfo", "[sysinfo][cpu]") {
  CHECK(tree{{"proc/cpuinfo", cpuinfo_of_two_sockets()}}.read().cpu_count == 8);
  CHECK(tree{{"proc/cpuinfo", cpuinfo_of_raspberry_pi}}.read().cpu_count == 2);
}

TEST_CASE("cores are as many as logical CPUs if nothing tells which share one", "[sysinfo][cpu]") {
  const auto found = tree{{"proc/cpuinfo", cpuinfo_of_raspberry_pi}}.read();
  CHECK(found.cpu_count == 2);
  CHECK(found.cpu_count_physical == 2);
}

TEST_CASE("the processor has the best name that cpuinfo offers", "[sysinfo][cpu]") {
  struct row {
    std::string_view cpuinfo;
    std::string_view name;
  };
  const auto [cpuinfo, name] = GENERATE(
      row{"processor : 0\nmodel : 1\nmodel name : AMD EPYC 7763\nmodel name : other\n", "AMD EPYC 7763"},
      row{"processor : 0\nmodel name : Odd: name\n", "Odd: name"}, row{cpuinfo_of_raspberry_pi, "ARM Cortex-A72"},
      row{"processor : 0\nCPU implementer : 0x41\nCPU part : 0xd0c\n", "ARM Neoverse-N1"},
      row{"processor : 0\nCPU implementer : 0x61\nCPU part : 0x000\n", "Apple CPU part 0x000"},
      row{"processor : 0\nCPU implementer : 0x6d\nCPU part : 0xd49\n", "Microsoft CPU part 0xd49"},
      row{"processor : 0\nCPU implementer : 0x01\nCPU part : 0xd49\n\nModel : a board\n", "a board"},
      row{"processor : 0\nmodel name :\n\nHardware : BCM2711\nModel : a board\n", "BCM2711"},
      row{"processor : 0\nCPU implementer : junk\nCPU part : 0xd49\n", "Unknown"},
      row{"processor : 0\nCPU implementer : 0x41\n", "Unknown"}, row{"processor : 0\nCPU part : 0xd49\n", "Unknown"},
      row{"processor : 0\nvendor_id : x\n", "Unknown"});
  CAPTURE(cpuinfo);
  CHECK(tree{{"proc/cpuinfo", cpuinfo}}.read().processor == name);
}

TEST_CASE("memory is counted in bytes", "[sysinfo][memory]") {
  const auto found = tree{{"proc/meminfo", meminfo_of_16_gib}}.read();
  CHECK(found.memory_total_bytes == 16 * gib);
  CHECK(found.memory_available_bytes == 8 * gib);
}

TEST_CASE("an old kernel's available memory is what is free, buffered or cached", "[sysinfo][memory]") {
  const auto found = tree{{"proc/meminfo",
                           "MemTotal: 16777216 kB\nMemFree: 1048576 kB\nBuffers: 524288 kB\n"
                           "Cached: 2097152 kB\nSwapCached: 7 kB\n"}}
                         .read();
  CHECK(found.memory_available_bytes == 3584 * mib);
}

TEST_CASE("available memory is never more than total", "[sysinfo][memory]") {
  const auto found = tree{{"proc/meminfo", "MemTotal: 1024 kB\nMemAvailable: 2048 kB\n"}}.read();
  CHECK(found.memory_available_bytes == 1024 * kib);
}

TEST_CASE("no memory available is not taken for an unknown amount", "[sysinfo][memory]") {
  const auto found = tree{{"proc/meminfo", "MemTotal: 1024 kB\nMemFree: 512 kB\nMemAvailable: 0 kB\n"}}.read();
  CHECK(found.memory_available_bytes == 0);
}

TEST_CASE("an amount of memory that overflows is malformed", "[sysinfo][memory]") {
  const auto found = tree{{"proc/meminfo", "MemTotal: 18014398509481985 kB\nMemAvailable: 1 kB\n"}}.read();
  CHECK(found.memory_total_bytes == 0);
  CHECK(found.memory_available_bytes == 0);
}

TEST_CASE("load and uptime are the leading numbers of their files", "[sysinfo]") {
  const auto found =
      tree{{"proc/loadavg", "0.52 1.58 10.59 2/389 12345\n"}, {"proc/uptime", "350735.47 234388.90\n"}}.read();
  CHECK(found.load_average == std::array{0.52, 1.58, 10.59});
  CHECK(found.uptime_seconds == 350735.47);
}

TEST_CASE("a load average cut short counts as none", "[sysinfo]") {
  CHECK(tree{{"proc/loadavg", "0.52 1.58"}}.read().load_average == std::array<double, 3>{});
}

TEST_CASE("what changes is read anew each time, the description once", "[sysinfo]") {
  tree root{{"proc/sys/kernel/hostname", "first\n"}, {"proc/meminfo", meminfo_of_16_gib},
            {"proc/loadavg", "1 1 1 1/1 1\n"},       {"proc/uptime", "10.00 1.00\n"},
            {"proc/self/cgroup", "0::/\n"},          {"sys/fs/cgroup/cgroup.controllers", "cpu memory\n"},
            {"sys/fs/cgroup/memory.max", "max\n"}};
  const machine_reader reader(root.root(), "x86_64");
  CHECK_FALSE(reader.read().cgroup_memory_limit_bytes);

  root.write("proc/sys/kernel/hostname", "second\n");
  root.write("proc/meminfo", "MemTotal: 16777216 kB\nMemAvailable: 1048576 kB\n");
  root.write("proc/loadavg", "2 2 2 1/1 1\n");
  root.write("proc/uptime", "11.00 1.00\n");
  root.write("sys/fs/cgroup/memory.max", "1073741824\n");
  root.write("sys/fs/cgroup/cpu.max", "150000 100000\n");
  const auto found = reader.read();
  CHECK(found.hostname == "first");
  CHECK(found.memory_available_bytes == 1 * gib);
  CHECK(found.load_average == std::array{2.0, 2.0, 2.0});
  CHECK(found.uptime_seconds == 11);
  CHECK(found.cgroup_memory_limit_bytes == 1 * gib);
  CHECK(found.cgroup_cpu_limit == 1.5);
}

TEST_CASE("in a cgroup v2 namespace the limits stand at the mount's root", "[sysinfo][cgroup]") {
  const tree root{{"proc/meminfo", meminfo_of_16_gib},
                  {"proc/self/cgroup", "0::/\n"},
                  {"sys/fs/cgroup/cgroup.controllers", "cpu memory\n"},
                  {"sys/fs/cgroup/memory.max", "536870912\n"},
                  {"sys/fs/cgroup/cpu.max", "50000 100000\n"}};
  const auto found = root.read();
  CHECK(found.cgroup_memory_limit_bytes == 512 * mib);
  CHECK(found.cgroup_cpu_limit == 0.5);
  CHECK(found.memory_total_bytes == 16 * gib);
  CHECK(found.memory_available_bytes == 8 * gib);
}

TEST_CASE("a cgroup v2 limit binds the groups below it", "[sysinfo][cgroup]") {
  tree root{{"proc/meminfo", meminfo_of_16_gib},
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

TEST_CASE("a cgroup v2 limit that limits nothing is none", "[sysinfo][cgroup]") {
  struct row {
    std::string_view memory_max;
    std::string_view cpu_max;
  };
  const auto [memory_max, cpu_max] =
      GENERATE(row{"max\n", "max 100000\n"}, row{"17179869184\n", "0 100000\n"}, row{"99179869184\n", "50000 0\n"},
               row{"-5\n", "-1 100000\n"}, row{"99999999999999999999999\n", "99999999999999999999999 100000\n"},
               row{"", "50000\n"}, row{"12 34\n", "50000 100000 7\n"});
  CAPTURE(memory_max, cpu_max);
  const tree root{{"proc/meminfo", meminfo_of_16_gib},
                  {"proc/self/cgroup", "0::/\n"},
                  {"sys/fs/cgroup/cgroup.controllers", "cpu memory\n"},
                  {"sys/fs/cgroup/memory.max", memory_max},
                  {"sys/fs/cgroup/cpu.max", cpu_max}};
  CHECK_FALSE(root.read().cgroup_memory_limit_bytes);
  CHECK_FALSE(root.read().cgroup_cpu_limit);
}

TEST_CASE("a memory limit just below the machine's memory is one", "[sysinfo][cgroup]") {
  const tree root{{"proc/meminfo", meminfo_of_16_gib},
                  {"proc/self/cgroup", "0::/\n"},
                  {"sys/fs/cgroup/cgroup.controllers", "memory\n"},
                  {"sys/fs/cgroup/memory.max", "17179865088\n"}};
  CHECK(root.read().cgroup_memory_limit_bytes == 16 * gib - 4 * kib);
}

TEST_CASE("a memory limit is reported even if the machine's memory is not known", "[sysinfo][cgroup]") {
  const tree root{{"proc/self/cgroup", "0::/\n"},
                  {"sys/fs/cgroup/cgroup.controllers", "memory\n"},
                  {"sys/fs/cgroup/memory.max", "1073741824\n"}};
  CHECK(root.read().cgroup_memory_limit_bytes == 1 * gib);
}

TEST_CASE("a group outside the cgroup namespace leaves the mount's root", "[sysinfo][cgroup]") {
  const tree root{{"proc/meminfo", meminfo_of_16_gib},
                  {"proc/self/cgroup", "0::/../sibling\n"},
                  {"sys/fs/cgroup/cgroup.controllers", "memory\n"},
                  {"sys/fs/cgroup/memory.max", "1073741824\n"},
                  {"sys/fs/sibling/memory.max", "1024\n"}};
  CHECK(root.read().cgroup_memory_limit_bytes == 1 * gib);
}

TEST_CASE("cgroup v1 limits are read from each controller's own mount", "[sysinfo][cgroup]") {
  const auto* const cpu_mount = GENERATE("cpu", "cpu,cpuacct");
  const auto cpu = std::string("sys/fs/cgroup/") + cpu_mount;
  tree root{
      {"proc/meminfo", meminfo_of_16_gib},
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

TEST_CASE("a v1 container without a namespace finds its limits at the mount's root", "[sysinfo][cgroup]") {
  // What stands at the path's first half belongs to a container inside this one.
  const tree root{{"proc/meminfo", meminfo_of_16_gib},
                  {"proc/self/cgroup", "5:cpu,cpuacct:/docker/4f2a\n4:memory:/docker/4f2a\n0::/\n"},
                  {"sys/fs/cgroup/memory/memory.limit_in_bytes", "268435456\n"},
                  {"sys/fs/cgroup/memory/docker/memory.limit_in_bytes", "4096\n"},
                  {"sys/fs/cgroup/cpu/cpu.cfs_quota_us", "25000\n"},
                  {"sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"}};
  CHECK(root.read().cgroup_memory_limit_bytes == 256 * mib);
  CHECK(root.read().cgroup_cpu_limit == 0.25);
}

TEST_CASE("cgroup v1's largest number is no limit, known memory or not", "[sysinfo][cgroup]") {
  const auto* const unlimited = GENERATE("9223372036854771712\n", "9223372036854710272\n", "4611686018427387904\n");
  const auto meminfo = GENERATE(meminfo_of_16_gib, std::string_view{});
  const tree root{{"proc/meminfo", meminfo},
                  {"proc/self/cgroup", "5:cpu:/\n4:memory:/\n"},
                  {"sys/fs/cgroup/memory/memory.limit_in_bytes", unlimited},
                  {"sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n"},
                  {"sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"}};
  CHECK_FALSE(root.read().cgroup_memory_limit_bytes);
  CHECK_FALSE(root.read().cgroup_cpu_limit);
}

TEST_CASE("in a hybrid layout each controller is looked for in its own version's tree", "[sysinfo][cgroup]") {
  const tree root{{"proc/meminfo", meminfo_of_16_gib},
                  {"proc/self/cgroup", "4:memory:/app\n1:name=systemd:/app\n0::/unit\n"},
                  {"sys/fs/cgroup/memory/app/memory.limit_in_bytes", "268435456\n"},
                  {"sys/fs/cgroup/unified/cgroup.controllers", "cpu\n"},
                  {"sys/fs/cgroup/unified/unit/memory.max", "4096\n"},
                  {"sys/fs/cgroup/unified/unit/cpu.max", "50000 100000\n"}};
  CHECK(root.read().cgroup_memory_limit_bytes == 256 * mib);
  CHECK(root.read().cgroup_cpu_limit == 0.5);
}

TEST_CASE("a v1 controller that is mounted nowhere has no limit", "[sysinfo][cgroup]") {
  const tree root{{"proc/self/cgroup", "5:cpu:/\n4:memory:/\n0::/\n"},
                  {"sys/fs/cgroup/cgroup.controllers", "\n"},
                  {"sys/fs/cgroup/memory.max", "4096\n"},
                  {"sys/fs/cgroup/cpu.max", "50000 100000\n"}};
  CHECK_FALSE(root.read().cgroup_memory_limit_bytes);
  CHECK_FALSE(root.read().cgroup_cpu_limit);
}

TEST_CASE("this machine's description agrees with the system calls", "[sysinfo]") {
  utsname names{};
  REQUIRE(::uname(&names) == 0);
  const auto found = machine_reader().read();
  CHECK(found.hostname == names.nodename);
  CHECK(found.platform == names.sysname);
  CHECK(found.platform_release == names.release);
  CHECK(found.platform_version == names.version);
  CHECK(found.architecture == names.machine);
  CHECK_FALSE(found.processor.empty());
  CHECK(found.cpu_count == static_cast<unsigned>(::sysconf(_SC_NPROCESSORS_ONLN)));
  CHECK(found.cpu_count_physical >= 1);
  CHECK(found.cpu_count_physical <= found.cpu_count);
  CHECK(found.memory_total_bytes > 16 * mib);
  CHECK(found.memory_available_bytes > 0);
  CHECK(found.memory_available_bytes <= found.memory_total_bytes);
  CHECK(found.uptime_seconds > 0);
  CHECK(found.load_average[0] >= 0);
  CHECK(found.cgroup_memory_limit_bytes.value_or(0) < found.memory_total_bytes);
  CHECK(found.cgroup_cpu_limit.value_or(1) > 0);
}

}  // namespace cohort::sysinfo
