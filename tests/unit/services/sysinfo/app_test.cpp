// SPDX-License-Identifier: BSL-1.0
#include "services/sysinfo/app.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <filesystem>

#include "tests/support/temporary_directory.hpp"
#include "tests/unit/service/service_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

/// The proc and sys trees of a machine with 16 GiB and two CPUs.
class machine_files {
 public:
  machine_files() {
    write("proc/sys/kernel/hostname", "build-7\n");
    write("proc/sys/kernel/ostype", "Linux\n");
    write("proc/sys/kernel/osrelease", "6.1.0-18-amd64\n");
    write("proc/sys/kernel/version", "#1 SMP Debian 6.1.76-1\n");
    write("proc/cpuinfo",
          "processor\t: 0\nmodel name\t: Old \"Faithful\"\nphysical id\t: 0\ncore id\t\t: 0\n\n"
          "processor\t: 1\nmodel name\t: Old \"Faithful\"\nphysical id\t: 0\ncore id\t\t: 0\n\n");
    write("proc/meminfo", "MemTotal:       16777216 kB\nMemAvailable:    4194304 kB\n");
    write("proc/loadavg", "0.50 1.25 2.00 1/234 5678\n");
    write("proc/uptime", "12345.67 54321.00\n");
  }
  void write(const std::string& path, const std::string& text) { directory_.write(path, text); }
  std::filesystem::path root() const { return directory_.path(); }
  sysinfo::system_info_reader reader() const { return sysinfo::system_info_reader{root(), "riscv64"}; }

 private:
  temporary_directory directory_;
};

TEST_CASE("sysinfo: the response has the documented fields and units", "[services][sysinfo]") {
  const machine_files machine;
  service_fixture fixture;
  fixture.serve(sysinfo::app("", machine.reader()));
  const auto response = fixture.response_to(get("/api/sysinfo"));
  CHECK(response.status == 200);
  CHECK(response.header("Content-Type") == "application/json");
  const std::vector<std::pair<std::string, std::string>> expected{
      {"service", "\"system-info-service\""},
      {"hostname", "\"build-7\""},
      {"container_hostname", "\"build-7\""},
      {"platform", "\"Linux\""},
      {"platform_release", "\"6.1.0-18-amd64\""},
      {"platform_version", "\"#1 SMP Debian 6.1.76-1\""},
      {"architecture", "\"riscv64\""},
      {"processor", R"("Old \"Faithful\"")"},
  };
  for (const auto& [name, value] : expected) CHECK(json_at(response.body, "/" + name) == value);
  // The value is compared as text, because the number of decimals is documented.
  for (const auto* text : {"\"memory_total_gb\":16.00", "\"memory_available_gb\":4.00", "\"memory_percent\":75.0",
                           "\"cpu_count\":2", "\"cpu_count_physical\":1", "\"load_average\":[0.50,1.25,2.00]",
                           "\"uptime_seconds\":12346", "\"runtime\":\"C++20, "}) {
    CAPTURE(text, response.body);
    CHECK(response.body.find(text) != std::string::npos);
  }
  CHECK(response.body.find("cgroup") == std::string::npos);
}

TEST_CASE("sysinfo: a configured host name is reported instead of the container's host name", "[services][sysinfo]") {
  const machine_files machine;
  service_fixture fixture;
  fixture.serve(sysinfo::app("the-host", machine.reader()));
  const auto response = fixture.response_to(get("/api/sysinfo"));
  CHECK(json_at(response.body, "/hostname") == "\"the-host\"");
  CHECK(json_at(response.body, "/container_hostname") == "\"build-7\"");
}

TEST_CASE("sysinfo: the limits of the container are reported, and changes take effect immediately",
          "[services][sysinfo]") {
  machine_files machine;
  machine.write("proc/self/cgroup", "0::/\n");
  machine.write("proc/self/mountinfo", "30 20 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  machine.write("sys/fs/cgroup/cgroup.controllers", "cpu memory\n");
  machine.write("sys/fs/cgroup/memory.max", "1073741824\n");
  machine.write("sys/fs/cgroup/cpu.max", "150000 100000\n");
  service_fixture fixture;
  fixture.serve(sysinfo::app("", machine.reader()));
  const auto first = fixture.response_to(get("/api/sysinfo")).body;
  CAPTURE(first);
  CHECK(first.find("\"cgroup_memory_limit_gb\":1.00") != std::string::npos);
  CHECK(json_at(first, "/cgroup_cpu_limit") == "1.5");
  machine.write("proc/uptime", "20000.00 54321.00\n");
  CHECK(json_at(fixture.response_to(get("/api/sysinfo")).body, "/uptime_seconds") == "20000");
}

TEST_CASE("sysinfo: without kernel data the response is complete", "[services][sysinfo]") {
  const temporary_directory empty_directory;
  service_fixture fixture;
  fixture.serve(sysinfo::app("", sysinfo::system_info_reader{empty_directory.path(), "riscv64"}));
  const auto response = fixture.response_to(get("/api/sysinfo"));
  CHECK(response.status == 200);
  CHECK(json_at(response.body, "/hostname") == "\"Unknown\"");
  CHECK(json_at(response.body, "/processor") == "\"Unknown\"");
  CHECK(response.body.find("\"memory_percent\":0.0") != std::string::npos);
}

TEST_CASE("sysinfo: the response is valid JSON even if the host name is not UTF-8", "[services][sysinfo]") {
  machine_files machine;
  machine.write("proc/sys/kernel/hostname", "caf\xe9\n");
  service_fixture fixture;
  fixture.serve(sysinfo::app("", machine.reader()));
  CHECK(json_at(fixture.response_to(get("/api/sysinfo")).body, "/hostname") == "\"caf\xEF\xBF\xBD\"");
}

TEST_CASE("sysinfo: a container's own memory use is reported in addition to the memory use of the machine",
          "[services][sysinfo][case-5.7]") {
  const auto [is_v2, usage, inactive_file, used_gb, percent] =
      GENERATE(table<bool, std::string, std::string, std::string, std::string>({
          {true, "536870912\n", "268435456", "0.25", "25.0"},
          {true, "1073741824\n", "0", "1.00", "100.0"},
          {true, "4096\n", "8192", "0.00", "0.0"},
          {false, "536870912\n", "268435456", "0.25", "25.0"},
      }));
  machine_files machine;
  if (is_v2) {
    machine.write("proc/self/cgroup", "0::/\n");
    machine.write("sys/fs/cgroup/cgroup.controllers", "memory\n");
    machine.write("sys/fs/cgroup/memory.max", "1073741824\n");
    machine.write("sys/fs/cgroup/memory.current", usage);
    machine.write("sys/fs/cgroup/memory.stat", "anon 1\ninactive_file " + inactive_file + "\nactive_file 1\n");
  } else {
    machine.write("proc/self/cgroup", "4:memory:/\n");
    machine.write("sys/fs/cgroup/memory/memory.limit_in_bytes", "1073741824\n");
    machine.write("sys/fs/cgroup/memory/memory.usage_in_bytes", usage);
    machine.write("sys/fs/cgroup/memory/memory.stat", "inactive_file 7\ntotal_inactive_file " + inactive_file + "\n");
  }
  service_fixture fixture;
  fixture.serve(sysinfo::app("", machine.reader()));
  const auto body = fixture.response_to(get("/api/sysinfo")).body;
  CAPTURE(body);
  CHECK(body.find("\"memory_percent\":75.0") != std::string::npos);
  CHECK(body.find("\"cgroup_memory_limit_gb\":1.00,\"cgroup_memory_used_gb\":" + used_gb) != std::string::npos);
  CHECK(body.find("\"cgroup_memory_percent\":" + percent) != std::string::npos);
}

TEST_CASE("sysinfo: the memory use is read from the group whose limit applies", "[services][sysinfo][case-5.7]") {
  machine_files machine;
  machine.write("proc/self/cgroup", "0::/pod/app\n");
  machine.write("sys/fs/cgroup/cgroup.controllers", "memory\n");
  machine.write("sys/fs/cgroup/pod/memory.max", "1073741824\n");
  machine.write("sys/fs/cgroup/pod/memory.current", "536870912\n");
  machine.write("sys/fs/cgroup/pod/app/memory.max", "2147483648\n");
  machine.write("sys/fs/cgroup/pod/app/memory.current", "1024\n");
  service_fixture fixture;
  fixture.serve(sysinfo::app("", machine.reader()));
  CHECK(fixture.response_to(get("/api/sysinfo")).body.find("\"cgroup_memory_used_gb\":0.50") != std::string::npos);
}

TEST_CASE("sysinfo: without a limit or usage no memory use of a container is reported",
          "[services][sysinfo][case-5.7]") {
  machine_files machine;
  machine.write("proc/self/cgroup", "0::/\n");
  machine.write("sys/fs/cgroup/cgroup.controllers", "memory\n");
  machine.write("sys/fs/cgroup/memory.max", GENERATE("max\n", "1073741824\n"));
  machine.write("sys/fs/cgroup/memory.current", "junk\n");
  service_fixture fixture;
  fixture.serve(sysinfo::app("", machine.reader()));
  CHECK(fixture.response_to(get("/api/sysinfo")).body.find("cgroup_memory_used") == std::string::npos);
}

}  // namespace
}  // namespace cohort
