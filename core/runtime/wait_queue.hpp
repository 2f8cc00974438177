#pragma once

#include <cstddef>

#include "core/runtime/completion.hpp"
#include "core/runtime/deadline.hpp"

namespace cohort {

/// How a wait ended.
enum class wait_status { notified, timed_out, cancelled };

class wait_queue;

namespace detail {
class waiting;
void start_waiting(wait_queue* queue, deadline until, completion<wait_status> done);
}  // namespace detail

/// Coroutines of one loop that wait to be told, first come first served. The base of everything that waits.
class wait_queue {
 public:
  wait_queue() noexcept = default;
  wait_queue(const wait_queue&) = delete;
  wait_queue& operator=(const wait_queue&) = delete;
  /// Whoever still waits is told that it is over (`cancelled`).
  ~wait_queue();

  /// Awaitable for a `wait_status`; ends by itself at `until`.
  auto wait(deadline until = deadline::never()) {
    return operation<wait_status>(
        [this, until](completion<wait_status> done) { detail::start_waiting(this, until, std::move(done)); });
  }

  /// Wakes the one that has waited longest; false if there is none.
  bool notify_one();
  void notify_all();
  bool empty() const noexcept { return first_ == nullptr; }

 private:
  friend class detail::waiting;

  detail::waiting* first_ = nullptr;
  detail::waiting* last_ = nullptr;
};

/// Awaitable; `timed_out` when the time has come, `cancelled` before that.
inline auto sleep_until(deadline until) {
  return operation<wait_status>(
      [until](completion<wait_status> done) { detail::start_waiting(nullptr, until, std::move(done)); });
}

inline auto sleep_for(duration span) { return sleep_until(deadline::after(loop::current().now(), span)); }

/// A flag that coroutines of one loop wait for. It stays set until `reset`.
class event {
 public:
  bool is_set() const noexcept { return set_; }
  void set() {
    set_ = true;
    waiting_.notify_all();
  }
  void reset() noexcept { set_ = false; }

  /// `notified` at once if it is set.
  task<wait_status> wait(deadline until = deadline::never()) {
    if (set_) co_return wait_status::notified;
    co_return co_await waiting_.wait(until);
  }

 private:
  wait_queue waiting_;
  bool set_ = false;
};

}  // namespace cohort
