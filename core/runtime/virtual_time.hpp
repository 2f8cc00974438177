#pragma once

#include <exception>
#include <functional>
#include <stdexcept>

#include "core/runtime/child.hpp"
#include "core/runtime/loop.hpp"

namespace cohort {

/// A loop whose time moves only when nothing is left to do: then it jumps to the next timer. Programs on it run the
/// same every time, and an hour takes a moment.
class virtual_time {
 public:
  /// A fixed start, so that two runs see the same times: noon of 1 June 2026, UTC. `seed` decides the loop's chance.
  explicit virtual_time(std::uint64_t seed = 1,
                        wall_time start = wall_time{std::chrono::sys_days{std::chrono::June / 1 / 2026} +
                                                    std::chrono::hours{12}});

  loop& main_loop() noexcept { return loop_; }
  time_point now() const noexcept { return clock_.now(); }

  /// Runs `work` to its end and gives its value; throws what it throws, and `std::logic_error` if everything sleeps
  /// and no timer would ever wake it (`work` is cancelled then).
  template <class T>
  T run(task<T> work) {
    detail::child<T> only;
    bool ended = false;
    asio::post(loop_.get_executor(), [&] { detail::start_child(only, std::move(work), [&] { ended = true; }); });
    if (!run_until([&] { return ended; })) {
      // Not left behind: what it refers to goes with this call.
      asio::post(loop_.get_executor(), [&] { detail::cancel(only.cancel); });
      run_until([&] { return ended; });
      throw std::logic_error("everything waits, and nothing is left that could happen");
    }
    if (only.outcome.failure) std::rethrow_exception(only.outcome.failure);
    if constexpr (!std::is_void_v<T>) return std::move(*only.outcome.value);
  }

  /// Runs all that happens within `span`.
  void run_for(duration span);
  /// Runs until nothing is ready and no timer is left.
  void run_until_idle();
  /// Moves the calendar, as an administrator or NTP would. Deadlines must not notice.
  void step_wall_clock(duration by) noexcept { clock_.wall_offset += by; }

 private:
  struct manual_clock final : clock {
    time_point now() const noexcept override { return current; }
    wall_time wall_now() const noexcept override { return wall_time{current.time_since_epoch() + wall_offset}; }
    bool runs_by_itself() const noexcept override { return false; }

    time_point current{std::chrono::hours{1}};
    duration wall_offset{};
  };

  /// False if nothing is left that could happen.
  bool run_until(const std::function<bool()>& ended);
  bool step_to_next_timer(time_point limit);

  manual_clock clock_;
  loop loop_;
};

}  // namespace cohort
