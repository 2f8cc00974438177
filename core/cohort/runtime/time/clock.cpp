// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/time/clock.hpp>

namespace cohort {
namespace {

class system_clocks final : public clock {
 public:
  time_point now() const noexcept override { return std::chrono::steady_clock::now(); }
  wall_time wall_now() const noexcept override { return std::chrono::system_clock::now(); }
  bool is_real_time() const noexcept override { return true; }
};

}  // namespace

const clock& real_clock() noexcept {
  static const system_clocks instance;
  return instance;
}

}  // namespace cohort
