#include "core/runtime/clock.hpp"

namespace cohort {
namespace {

class real_clock final : public clock {
 public:
  time_point now() const noexcept override { return std::chrono::steady_clock::now(); }
  wall_time wall_now() const noexcept override { return std::chrono::system_clock::now(); }
  bool runs_by_itself() const noexcept override { return true; }
};

}  // namespace

const clock& machine_clock() noexcept {
  static const real_clock instance;
  return instance;
}

}  // namespace cohort
