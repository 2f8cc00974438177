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

std::size_t hardware_threads() noexcept {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  std::size_t count = sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : 1;
  // More threads than quota would only be throttled, in the middle of requests.
  std::ifstream quota_file("/sys/fs/cgroup/cpu.max");
  double quota = 0;
  double period = 0;
  if (quota_file >> quota >> period && period > 0) {
    count = std::min(count, static_cast<std::size_t>(std::ceil(quota / period)));
  }
  return std::max<std::size_t>(count, 1);
}

}  // namespace cohort
