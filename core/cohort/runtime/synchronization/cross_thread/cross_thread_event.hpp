// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>

#include <cohort/runtime/synchronization/cross_thread/cross_thread_queue.hpp>

namespace cohort {

/// Manual-reset event: coroutines of any loop wait for it, and any thread sets it. The event has shared ownership: the
/// coroutine that waits and the thread that sets it may release it in either order.
class cross_thread_event {
 public:
  static std::shared_ptr<cross_thread_event> make() {
    return std::shared_ptr<cross_thread_event>(new cross_thread_event);
  }
  cross_thread_event(const cross_thread_event&) = delete;
  cross_thread_event& operator=(const cross_thread_event&) = delete;

  /// Resumes all waiters, each on its loop. The event stays set until `reset`. Safe from any thread, including threads
  /// without a loop. Writes before this call are visible to the coroutines that it resumes.
  void set() {
    queue_.update([](state& current) { current.is_set = true; });
  }
  void reset() {
    queue_.update([](state& current) { current.is_set = false; });
  }
  bool is_set() const {
    return queue_.read([](const state& current) { return current.is_set; });
  }

  /// Returns `notified` (immediately if the event is set), `timed_out` at `wait_deadline`, or `cancelled`. Can be
  /// called on any loop. The caller must hold a reference while it waits.
  task<wait_status> wait(deadline wait_deadline) { return queue_.acquire({}, wait_deadline); }

 private:
  struct state {
    struct request {};
    bool can_grant(request) const noexcept { return is_set; }
    void grant(request) noexcept {}
    void release(request) noexcept {}
    bool is_set = false;
  };
  cross_thread_event() = default;

  detail::cross_thread_queue<state> queue_;
};

}  // namespace cohort
