// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/runtime.hpp>

#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <latch>
#include <mutex>
#include <set>
#include <thread>

#include "tests/support/temporary_directory.hpp"

namespace cohort {
namespace {

TEST_CASE("runtime: runs each loop on a separate thread, and the first loop on the caller's thread",
          "[runtime][loop][threads]") {
  constexpr std::size_t threads = 4;
  runtime loops(threads);
  REQUIRE(loops.size() == threads);
  std::mutex mutex;
  std::set<std::thread::id> ids;
  std::set<std::size_t> indices;
  std::thread::id first_loop_thread;
  std::latch all_running(threads);
  for (std::size_t i = 0; i < threads; ++i) {
    asio::post(loops.at(i).get_executor(), [&, i] {
      {
        const std::lock_guard lock(mutex);
        ids.insert(std::this_thread::get_id());
        indices.insert(loop::current().index());
        if (i == 0) first_loop_thread = std::this_thread::get_id();
      }
      // Blocks until all loops run concurrently.
      all_running.arrive_and_wait();
      if (i == threads - 1) loops.stop();
    });
  }

  loops.run();

  CHECK(ids.size() == threads);
  CHECK(indices == std::set<std::size_t>{0, 1, 2, 3});
  CHECK(first_loop_thread == std::this_thread::get_id());
}

TEST_CASE("runtime: has at least one loop", "[runtime][loop]") {
  runtime loops(0);
  CHECK(loops.size() == 1);
  asio::post(loops.at(0).get_executor(), [&] { loops.stop(); });
  loops.run();
}

TEST_CASE("runtime: can be stopped from any thread", "[runtime][loop][threads]") {
  runtime loops(2);
  std::latch running(2);
  for (std::size_t i = 0; i < loops.size(); ++i) {
    asio::post(loops.at(i).get_executor(), [&] { running.count_down(); });
  }
  std::jthread stopping_thread([&] {
    running.wait();
    loops.stop();
  });
  loops.run();
  SUCCEED("run returned");
}

TEST_CASE("runtime: one loop can post work to another loop", "[runtime][loop][threads]") {
  runtime loops(2);
  std::atomic<std::size_t> index = 0;
  asio::post(loops.at(0).get_executor(), [&] {
    asio::post(loops.at(1).get_executor(), [&] {
      index = loop::current().index();
      loops.stop();
    });
  });
  loops.run();
  CHECK(index == 1);
}

TEST_CASE("available_parallelism: is between 1 and the number of CPUs", "[runtime][loop]") {
  CHECK(available_parallelism() >= 1);
  CHECK(available_parallelism() <= std::thread::hardware_concurrency());
}

/// A host with CPU limits in the files of its control groups: v2 in the process's own group and in the root, and v1.
struct limited_host {
  void add_v2_quota(std::string_view group, std::string_view cpu_max) const {
    root.write("sys/fs/cgroup/cgroup.controllers", "cpu memory\n");
    root.write("proc/self/cgroup", "0::/system.slice/sample.service\n");
    root.write("sys/fs/cgroup/system.slice/sample.service/cgroup.procs", "1\n");
    root.write("sys/fs/cgroup" + std::string{group} + "/cpu.max", cpu_max);
  }
  void add_v1_quota(std::string_view quota, std::string_view period) const {
    root.write("proc/self/cgroup", "4:cpu,cpuacct:/sample\n");
    root.write("sys/fs/cgroup/cpu,cpuacct/sample/cpu.cfs_quota_us", quota);
    root.write("sys/fs/cgroup/cpu,cpuacct/sample/cpu.cfs_period_us", period);
  }
  std::size_t parallelism() const { return available_parallelism(root.path()); }

  test::temporary_directory root;
};

TEST_CASE(
    "available_parallelism: the result is 1 if the process's group or an ancestor group has a quota of at most one CPU",
    "[runtime][loop][case-5.5]") {
  const limited_host host;
  SECTION("quota of the process's group") { host.add_v2_quota("/system.slice/sample.service", "50000 100000\n"); }
  SECTION("quota of the parent group") { host.add_v2_quota("/system.slice", "50000 100000\n"); }
  SECTION("quota of the root group") { host.add_v2_quota("", "50000 100000\n"); }
  SECTION("quota in cgroup v1") { host.add_v1_quota("50000\n", "100000\n"); }
  SECTION("quota of one CPU") { host.add_v2_quota("/system.slice/sample.service", "100000 100000\n"); }
  CHECK(host.parallelism() == 1);
}

TEST_CASE("available_parallelism: without a quota, all CPUs of the affinity mask are used",
          "[runtime][loop][case-5.5]") {
  const auto host_parallelism = available_parallelism(test::temporary_directory{}.path());
  const limited_host host;
  SECTION("v2: max") { host.add_v2_quota("/system.slice/sample.service", "max 100000\n"); }
  SECTION("v1: -1") { host.add_v1_quota("-1\n", "100000\n"); }
  SECTION("a quota of more CPUs than the machine has") {
    host.add_v2_quota("/system.slice/sample.service", "99999900000 100000\n");
  }
  SECTION("malformed") { host.add_v2_quota("/system.slice/sample.service", "many\n"); }
  CHECK(host.parallelism() == host_parallelism);
}

TEST_CASE("available_parallelism: a quota is rounded up to whole CPUs", "[runtime][loop][case-5.5]") {
  const auto host_parallelism = available_parallelism(test::temporary_directory{}.path());
  const limited_host host;
  host.add_v2_quota("/system.slice/sample.service", "110000 100000\n");
  CHECK(host.parallelism() == std::min<std::size_t>(2, host_parallelism));
}

}  // namespace
}  // namespace cohort
