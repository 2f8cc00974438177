// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>

#include <cohort/runtime/concurrency/wait_queue.hpp>

namespace cohort {

/// One-shot event that coroutines of one loop wait for and any thread sets. Shared ownership: the waiting side and the
/// setting side may release it in either order.
class cross_thread_event : public std::enable_shared_from_this<cross_thread_event> {
 public:
  /// Makes an event that is waited for on the current loop, which must outlive it.
  static std::shared_ptr<cross_thread_event> make() {
    return std::shared_ptr<cross_thread_event>(new cross_thread_event);
  }

  /// Safe from any thread. Writes before this call are visible to the coroutines that it resumes.
  void set() {
    asio::post(loop_.get_executor(), [self = shared_from_this()] { self->event_.set(); });
  }
  /// On the event's loop only. The caller must hold a reference while it waits.
  task<wait_status> wait(deadline wait_deadline) { return event_.wait(wait_deadline); }

 private:
  cross_thread_event() = default;
  loop& loop_ = loop::current();
  event event_;
};

}  // namespace cohort
