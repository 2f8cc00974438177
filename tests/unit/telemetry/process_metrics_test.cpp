// SPDX-License-Identifier: BSL-1.0
#include <cohort/telemetry/process_metrics.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <map>

#include <cohort/telemetry/metrics.hpp>

namespace cohort::telemetry {
namespace {

using prometheus::MetricType;

std::map<std::string, prometheus::MetricFamily> collect_families() {
  registry metrics{1};
  add_process_metrics(metrics);
  std::map<std::string, prometheus::MetricFamily> by_name;
  for (auto& family : metrics.collect()) by_name[family.name] = family;
  return by_name;
}

double value_of(const std::string& name) {
  const auto families = collect_families();
  const auto found = families.find(name);
  REQUIRE(found != families.end());
  REQUIRE(found->second.metric.size() == 1);
  CHECK_FALSE(found->second.help.empty());
  const auto& metric = found->second.metric[0];
  return found->second.type == MetricType::Counter ? metric.counter.value : metric.gauge.value;
}

TEST_CASE("process metrics: names and types equal those of the Prometheus client libraries", "[telemetry][metrics]") {
  const std::map<std::string, MetricType> expected{{"process_cpu_seconds_total", MetricType::Counter},
                                                   {"process_open_fds", MetricType::Gauge},
                                                   {"process_max_fds", MetricType::Gauge},
                                                   {"process_virtual_memory_bytes", MetricType::Gauge},
                                                   {"process_virtual_memory_max_bytes", MetricType::Gauge},
                                                   {"process_resident_memory_bytes", MetricType::Gauge},
                                                   {"process_start_time_seconds", MetricType::Gauge},
                                                   {"process_threads", MetricType::Gauge}};
  std::map<std::string, MetricType> found;
  for (const auto& [name, family] : collect_families()) found[name] = family.type;
  CHECK(found == expected);
}

TEST_CASE("process metrics: values are plausible", "[telemetry][metrics]") {
  const auto now = to_seconds(std::chrono::system_clock::now().time_since_epoch());
  CHECK(value_of("process_resident_memory_bytes") > 1 << 20);
  CHECK(value_of("process_virtual_memory_bytes") >= value_of("process_resident_memory_bytes"));
  CHECK(value_of("process_threads") >= 1);
  CHECK(value_of("process_cpu_seconds_total") >= 0);
  // The value is accurate to a clock tick, because the boot time has whole seconds.
  CHECK(value_of("process_start_time_seconds") <= now + 2);
  CHECK(value_of("process_start_time_seconds") > now - 24 * 3600);
  CHECK(value_of("process_max_fds") >= value_of("process_open_fds"));
}

TEST_CASE("process metrics: CPU time increases", "[telemetry][metrics]") {
  const double cpu_seconds_before = value_of("process_cpu_seconds_total");
  double cpu_seconds_after = cpu_seconds_before;
  while (cpu_seconds_after == cpu_seconds_before) cpu_seconds_after = value_of("process_cpu_seconds_total");
  CHECK(cpu_seconds_after > cpu_seconds_before);
}

TEST_CASE("process metrics: open descriptors are counted, except those of the collector", "[telemetry][metrics]") {
  const double fd_count_before = value_of("process_open_fds");
  CHECK(value_of("process_open_fds") == fd_count_before);
  const int descriptor = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  REQUIRE(descriptor >= 0);
  CHECK(value_of("process_open_fds") == fd_count_before + 1);
  ::close(descriptor);
  CHECK(value_of("process_open_fds") == fd_count_before);
}

}  // namespace
}  // namespace cohort::telemetry
