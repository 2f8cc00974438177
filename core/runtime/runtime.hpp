#pragma once

#include <memory>
#include <vector>

#include "core/runtime/loop.hpp"

namespace cohort {

/// The program's threads, one loop each.
class runtime {
 public:
  /// At least one; `hardware_threads()` is the usual choice.
  explicit runtime(std::size_t threads);

  std::size_t size() const noexcept { return loops_.size(); }
  loop& at(std::size_t index) noexcept { return *loops_[index]; }

  /// Runs the first loop here and each other in a thread of its own, until `stop`.
  void run();
  /// Safe from any thread.
  void stop() noexcept;

 private:
  std::vector<std::unique_ptr<loop>> loops_;
};

/// The processors that this process may use: its affinity and its cgroup's quota (v1 and v2), not the machine's.
std::size_t hardware_threads() noexcept;

}  // namespace cohort
