// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <vector>

#include <cohort/runtime/loop.hpp>

namespace cohort {

/// The event loops of a program, one per thread.
class runtime {
 public:
  /// Creates `threads` loops, at least one, with the real clock. The recommended number is `available_parallelism()`.
  explicit runtime(std::size_t threads);

  std::size_t size() const noexcept { return loops_.size(); }
  /// Precondition: `index < size()`.
  loop& at(std::size_t index) noexcept { return *loops_[index]; }

  /// Runs the first loop on the calling thread and each other loop on its own thread. Returns after `stop`, once all
  /// threads have ended.
  void run();
  /// Safe from any thread.
  void stop() noexcept;

 private:
  std::vector<std::unique_ptr<loop>> loops_;
};

/// Returns the number of threads that can run in parallel, at least 1. The number is the minimum of the number of CPUs
/// in the affinity mask of the process and the lowest CPU quota of its control groups (`platform::cgroup_reader`),
/// rounded up. `root` is the directory that contains `proc` and `sys`.
std::size_t available_parallelism(const std::filesystem::path& root = "/");

}  // namespace cohort
