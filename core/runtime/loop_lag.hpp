#pragma once

#include "core/runtime/loop.hpp"

namespace cohort {

/// How late a loop comes to what is due: all that is ready on it waits as long. Looked at every 10 ms, while anybody
/// watches.
class loop_lag {
 public:
  explicit loop_lag(loop& watched) : loop_(watched), pulse_(watched.timers(), this) {}

  void begin_watch() noexcept {
    if (watchers_++ == 0) arm();
  }
  void end_watch() noexcept {
    if (--watchers_ > 0) return;
    pulse_.disarm();
    last_ = duration{};
  }
  /// While watched: as of the last look, or more if the next one is late already.
  duration recent() const noexcept { return std::max(last_, loop_.now() - due_); }

 private:
  static constexpr duration interval = std::chrono::milliseconds{10};

  void on_pulse() {
    last_ = loop_.now() - due_;
    arm();
  }
  void arm() noexcept {
    due_ = loop_.now() + interval;
    pulse_.arm(due_);
  }

  loop& loop_;
  std::size_t watchers_ = 0;
  duration last_{};
  time_point due_{};
  bound_timer<&loop_lag::on_pulse> pulse_;
};

}  // namespace cohort
