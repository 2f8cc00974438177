// SPDX-License-Identifier: BSL-1.0
#include <cohort/telemetry/memory_metrics.hpp>

#include <catch2/catch_test_macros.hpp>
#include <map>
#include <memory>

#include <cohort/telemetry/metrics.hpp>
#include "tests/support/sanitizers.hpp"
#include "tests/support/temporary_directory.hpp"

namespace cohort::telemetry {
namespace {

using test::temporary_directory;

std::map<std::string, double> collect_gauges(const std::filesystem::path& root) {
  registry metrics{1};
  add_memory_metrics(metrics, root);
  std::map<std::string, double> values;
  for (const auto& family : metrics.collect()) {
    CHECK(family.type == prometheus::MetricType::Gauge);
    CHECK_FALSE(family.help.empty());
    REQUIRE(family.metric.size() == 1);
    values[family.name] = family.metric[0].gauge.value;
  }
  return values;
}

constexpr std::string_view two_gibibytes = "MemTotal:        2097152 kB\nMemFree:  1 kB\n";

TEST_CASE("memory metrics: the limit is the lowest of the control groups' limits and the host's memory",
          "[telemetry][metrics]") {
  struct row {
    std::string outer;
    std::string inner;
    double limit;
  };
  for (const auto& test_case :
       {row{"max\n", "max\n", 2147483648.0}, row{"max\n", "1073741824\n", 1073741824.0},
        row{"536870912\n", "1073741824\n", 536870912.0}, row{"max\n", "4294967296\n", 2147483648.0}}) {
    const temporary_directory root;
    root.write("proc/meminfo", two_gibibytes);
    root.write("proc/self/cgroup", "0::/slice/own\n");
    root.write("sys/fs/cgroup/cgroup.controllers", "memory\n");
    root.write("sys/fs/cgroup/slice/memory.max", test_case.outer);
    root.write("sys/fs/cgroup/slice/own/memory.max", test_case.inner);
    CHECK(collect_gauges(root.path()).at("cohort_memory_limit_bytes") == test_case.limit);
  }
}

TEST_CASE("memory metrics: there is no metric for an unknown limit", "[telemetry][metrics]") {
  const temporary_directory root;
  CHECK_FALSE(collect_gauges(root.path()).contains("cohort_memory_limit_bytes"));
}

TEST_CASE("memory metrics: the limit is read at each scrape", "[telemetry][metrics]") {
  const temporary_directory root;
  root.write("proc/meminfo", two_gibibytes);
  root.write("proc/self/cgroup", "0::/\n");
  root.write("sys/fs/cgroup/cgroup.controllers", "memory\n");
  registry metrics{1};
  add_memory_metrics(metrics, root.path());
  root.write("sys/fs/cgroup/memory.max", "1048576\n");
  CHECK(metrics.prometheus_text().find("\ncohort_memory_limit_bytes 1048576\n") != std::string::npos);
}

TEST_CASE("memory metrics: the limit of this machine can be determined", "[telemetry][metrics]") {
  CHECK(collect_gauges("/").at("cohort_memory_limit_bytes") > 1 << 20);
}

#if defined(__GLIBC__) && !defined(COHORT_SANITIZED)
TEST_CASE("memory metrics: the allocator metrics change with allocations and deallocations", "[telemetry][metrics]") {
  constexpr double mebibyte = 1024 * 1024;
  const auto value = [](const char* name) { return collect_gauges("/").at(name); };
  const double mapped = value("cohort_allocator_mapped_bytes");
  auto large_block = std::make_unique<std::byte[]>(64 * 1024 * 1024);
  // Prevents the compiler from removing the allocation.
  static_cast<volatile std::byte&>(large_block[0]) = std::byte{1};
  CHECK(value("cohort_allocator_mapped_bytes") >= mapped + 64 * mebibyte);
  large_block.reset();
  CHECK(value("cohort_allocator_mapped_bytes") == mapped);

  const double used = value("cohort_allocator_used_bytes");
  std::vector<std::unique_ptr<std::byte[]>> small_blocks;
  for (int i = 0; i < 4096; ++i) small_blocks.push_back(std::make_unique<std::byte[]>(1024));
  CHECK(value("cohort_allocator_used_bytes") >= used + 4 * mebibyte);
  // The last block is kept, so that the heap does not return the memory before this block to the system.
  small_blocks.erase(small_blocks.begin(), small_blocks.end() - 1);
  CHECK(value("cohort_allocator_used_bytes") < used + 2 * mebibyte);
  CHECK(value("cohort_allocator_free_bytes") >= 4 * mebibyte);
}
#endif

}  // namespace
}  // namespace cohort::telemetry
