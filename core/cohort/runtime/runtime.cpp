// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/runtime.hpp>

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>
#include <thread>

namespace cohort {

runtime::runtime(std::size_t threads) {
  for (std::size_t i = 0; i < std::max<std::size_t>(threads, 1); ++i) {
    loops_.push_back(std::make_unique<loop>(real_clock(), i));
  }
}

void runtime::run() {
  std::vector<std::jthread> threads;
  for (std::size_t i = 1; i < loops_.size(); ++i) threads.emplace_back([this, i] { loops_[i]->run(); });
  loops_.front()->run();
}

void runtime::stop() noexcept {
  for (auto& each : loops_) each->stop();
}

namespace {

/// The CPU quota in CPUs, from the root of the mounted cgroup hierarchy as a container sees it; 0 if there is no quota.
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

std::size_t available_parallelism() noexcept {
  cpu_set_t affinity;
  CPU_ZERO(&affinity);
  const std::size_t cpus = sched_getaffinity(0, sizeof affinity, &affinity) == 0 ? CPU_COUNT(&affinity) : 1;
  // With more threads than quota, the kernel would throttle them in the middle of requests.
  const auto quota = cpu_quota();
  const auto quota_cpus = quota > 0 ? static_cast<std::size_t>(std::ceil(quota)) : cpus;
  return std::max<std::size_t>(std::min(cpus, quota_cpus), 1);
}

}  // namespace cohort
