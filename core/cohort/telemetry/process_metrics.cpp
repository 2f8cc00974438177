// SPDX-License-Identifier: BSL-1.0
#include <cohort/telemetry/process_metrics.hpp>

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <ctime>
#include <fstream>
#include <optional>
#include <sstream>

#include <cohort/telemetry/metrics.hpp>

namespace cohort::telemetry {
namespace {

using prometheus::MetricType;

/// Returns the fields of /proc/self/stat, starting with the third field (proc(5)). The second field, the name, can
/// contain spaces and parentheses.
std::optional<std::vector<double>> read_stat_fields() {
  std::ifstream file("/proc/self/stat");
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  const auto name_end = line.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream remaining_fields(line.substr(name_end + 1));
  std::string state;
  remaining_fields >> state;
  std::vector<double> fields{0};
  for (double value = 0; remaining_fields >> value;) fields.push_back(value);
  return fields;
}

std::optional<double> read_boot_time() {
  std::ifstream file("/proc/stat");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("btime ")) return std::stod(line.substr(6));
  }
  return std::nullopt;
}

std::optional<double> count_open_descriptors() {
  DIR* const directory = ::opendir("/proc/self/fd");
  if (!directory) return std::nullopt;
  double count = 0;
  while (::readdir(directory)) ++count;
  ::closedir(directory);
  return count - 3;  // without ".", ".." and the descriptor of the directory
}

double read_resource_limit(decltype(RLIMIT_NOFILE) resource) {
  rlimit limit{};
  if (::getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return -1;
  return static_cast<double>(limit.rlim_cur);
}

void append_process_metrics(std::vector<prometheus::MetricFamily>& families) {
  // Field numbers of proc(5), relative to the third field.
  constexpr std::size_t threads = 20 - 3, start_time = 22 - 3, virtual_size = 23 - 3, resident_pages = 24 - 3;
  const auto ticks_per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  const auto page_size = static_cast<double>(::sysconf(_SC_PAGESIZE));
  const auto add = [&](const char* name, const char* help, MetricType type, double value) {
    families.push_back(single_value_family(name, help, type, value));
  };
  // clock_gettime has a higher resolution than the clock ticks of /proc/self/stat.
  timespec cpu_time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu_time);
  add("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", MetricType::Counter,
      static_cast<double>(cpu_time.tv_sec) + static_cast<double>(cpu_time.tv_nsec) / 1e9);
  if (const auto stat = read_stat_fields(); stat && stat->size() > resident_pages) {
    const auto& field = *stat;
    add("process_threads", "Number of operating system threads.", MetricType::Gauge, field[threads]);
    add("process_virtual_memory_bytes", "Virtual memory size in bytes.", MetricType::Gauge, field[virtual_size]);
    add("process_resident_memory_bytes", "Resident memory size in bytes.", MetricType::Gauge,
        field[resident_pages] * page_size);
    static const auto boot = read_boot_time();
    if (boot) {
      add("process_start_time_seconds", "Start time of the process since unix epoch in seconds.", MetricType::Gauge,
          *boot + field[start_time] / ticks_per_second);
    }
  }
  if (const auto open = count_open_descriptors()) {
    add("process_open_fds", "Number of open file descriptors.", MetricType::Gauge, *open);
  }
  add("process_max_fds", "Maximum number of open file descriptors.", MetricType::Gauge,
      read_resource_limit(RLIMIT_NOFILE));
  add("process_virtual_memory_max_bytes", "Maximum amount of virtual memory available in bytes.", MetricType::Gauge,
      read_resource_limit(RLIMIT_AS));
}

}  // namespace

void add_process_metrics(registry& metrics) { metrics.add_collector(append_process_metrics); }

}  // namespace cohort::telemetry
