#include "core/runtime/runtime.hpp"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>
#include <thread>

namespace cohort {

runtime::runtime(std::size_t threads) {
  for (std::size_t i = 0; i < std::max<std::size_t>(threads, 1); ++i) {
    loops_.push_back(std::make_unique<loop>(machine_clock(), i));
  }
}

void runtime::run() {
  std::vector<std::jthread> others;
  for (std::size_t i = 1; i < loops_.size(); ++i) others.emplace_back([this, i] { loops_[i]->run(); });
  loops_.front()->run();
}

void runtime::stop() noexcept {
  for (auto& each : loops_) each->stop();
}

namespace {

/// The quota of this process's cgroup in processors, as v2 or v1 has it at the root that a container sees; none if
/// zero.
double cpu_quota() {
  double quota = 0;
  double period = 0;
  if (std::ifstream v2{"/sys/fs/cgroup/cpu.max"}; v2 >> quota >> period && period > 0) return quota / period;
  std::ifstream v1_quota{"/sys/fs/cgroup/cpu/cpu.cfs_quota_us"};
  std::ifstream v1_period{"/sys/fs/cgroup/cpu/cpu.cfs_period_us"};
  if (v1_quota >> quota && v1_period >> period && quota > 0 && period > 0) return quota / period;
  return 0;
}

}  // namespace

std::size_t hardware_threads() noexcept {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  const std::size_t count = sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : 1;
  // More threads than quota would only be throttled, in the middle of requests.
  const auto quota = cpu_quota();
  const auto paid_for = quota > 0 ? static_cast<std::size_t>(std::ceil(quota)) : count;
  return std::max<std::size_t>(std::min(count, paid_for), 1);
}

}  // namespace cohort
