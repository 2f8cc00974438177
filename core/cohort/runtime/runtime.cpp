// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/runtime.hpp>

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <thread>

#include <cohort/runtime/platform/cgroup.hpp>

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
  for (auto& event_loop : loops_) event_loop->stop();
}

std::size_t available_parallelism(const std::filesystem::path& root) {
  cpu_set_t affinity;
  CPU_ZERO(&affinity);
  const std::size_t cpus = sched_getaffinity(0, sizeof affinity, &affinity) == 0 ? CPU_COUNT(&affinity) : 1;
  // If there were more threads than the CPU quota, the kernel would throttle the threads during requests.
  const auto quota = platform::cgroup_reader{root}.read(0).cpus;
  const auto quota_cpus =
      quota && *quota < static_cast<double>(cpus) ? static_cast<std::size_t>(std::ceil(*quota)) : cpus;
  return std::max<std::size_t>(quota_cpus, 1);
}

}  // namespace cohort
