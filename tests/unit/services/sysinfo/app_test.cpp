#include "services/sysinfo/app.hpp"

#include <catch2/catch_test_macros.hpp>
#include <filesystem>

#include "tests/support/temporary_directory.hpp"
#include "tests/unit/core/service/service_stage.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

/// A machine of 16 GiB with two CPUs, as its kernel describes it.
class small_machine {
 public:
  small_machine() {
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
  void write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories((root() / path).parent_path());
    std::ofstream{root() / path} << text;
  }
  std::filesystem::path root() const { return directory_.path(); }
  sysinfo::machine_reader reader() const { return sysinfo::machine_reader{root(), "riscv64"}; }

 private:
  temporary_directory directory_;
};

TEST_CASE("The machine is described with the contract's names and units") {
  const small_machine machine;
  service_stage stage;
  stage.serve(sysinfo::app("", machine.reader()));
  const auto answer = stage.answer_to(get("/api/sysinfo"));
  CHECK(answer.status == 200);
  CHECK(answer.header("Content-Type") == "application/json");
  const std::vector<std::pair<std::string, std::string>> wanted{
      {"service", "\"system-info-service\""},
      {"hostname", "\"build-7\""},
      {"container_hostname", "\"build-7\""},
      {"platform", "\"Linux\""},
      {"platform_release", "\"6.1.0-18-amd64\""},
      {"platform_version", "\"#1 SMP Debian 6.1.76-1\""},
      {"architecture", "\"riscv64\""},
      {"processor", R"("Old \"Faithful\"")"},
  };
  for (const auto& [name, value] : wanted) CHECK(json_at(answer.body, "/" + name) == value);
  // As written, since two decimals are part of the contract.
  for (const auto* text : {"\"memory_total_gb\":16.00", "\"memory_available_gb\":4.00", "\"memory_percent\":75.0",
                           "\"cpu_count\":2", "\"cpu_count_physical\":1", "\"load_average\":[0.50,1.25,2.00]",
                           "\"uptime_seconds\":12346", "\"runtime\":\"C++20, "}) {
    CAPTURE(text, answer.body);
    CHECK(answer.body.find(text) != std::string::npos);
  }
  CHECK(answer.body.find("cgroup") == std::string::npos);
}

TEST_CASE("A given host name stands for the container's") {
  const small_machine machine;
  service_stage stage;
  stage.serve(sysinfo::app("the-host", machine.reader()));
  const auto answer = stage.answer_to(get("/api/sysinfo"));
  CHECK(json_at(answer.body, "/hostname") == "\"the-host\"");
  CHECK(json_at(answer.body, "/container_hostname") == "\"build-7\"");
}

TEST_CASE("The limits of a container are told, and what changes is read anew each time") {
  small_machine machine;
  machine.write("proc/self/cgroup", "0::/\n");
  machine.write("proc/self/mountinfo", "30 20 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  machine.write("sys/fs/cgroup/cgroup.controllers", "cpu memory\n");
  machine.write("sys/fs/cgroup/memory.max", "1073741824\n");
  machine.write("sys/fs/cgroup/cpu.max", "150000 100000\n");
  service_stage stage;
  stage.serve(sysinfo::app("", machine.reader()));
  const auto first = stage.answer_to(get("/api/sysinfo")).body;
  CAPTURE(first);
  CHECK(first.find("\"cgroup_memory_limit_gb\":1.00") != std::string::npos);
  CHECK(json_at(first, "/cgroup_cpu_limit") == "1.5");
  machine.write("proc/uptime", "20000.00 54321.00\n");
  CHECK(json_at(stage.answer_to(get("/api/sysinfo")).body, "/uptime_seconds") == "20000");
}

TEST_CASE("A machine that tells nothing is still described in whole JSON") {
  const temporary_directory empty;
  service_stage stage;
  stage.serve(sysinfo::app("", sysinfo::machine_reader{empty.path(), "riscv64"}));
  const auto answer = stage.answer_to(get("/api/sysinfo"));
  CHECK(answer.status == 200);
  CHECK(json_at(answer.body, "/hostname") == "\"Unknown\"");
  CHECK(json_at(answer.body, "/processor") == "\"Unknown\"");
  CHECK(answer.body.find("\"memory_percent\":0.0") != std::string::npos);
}

TEST_CASE("A name that is not UTF-8 does not spoil the JSON") {
  small_machine machine;
  machine.write("proc/sys/kernel/hostname", "caf\xe9\n");
  service_stage stage;
  stage.serve(sysinfo::app("", machine.reader()));
  CHECK(json_at(stage.answer_to(get("/api/sysinfo")).body, "/hostname") == "\"caf\xEF\xBF\xBD\"");
}

}  // namespace
}  // namespace cohort
